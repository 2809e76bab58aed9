import type { SettingDeclaration, SettingDeclarations } from './declaration.ts'
import { settingText } from './parse-setting.ts'

/** The settings as a section of a reference page: one heading per setting, grouped, in the order of declaration. */
export function settingsPage(declarations: SettingDeclarations, headingLevel: number): string {
  const groups = Map.groupBy(Object.entries(declarations), ([, declaration]) => declaration.group ?? '')
  const sections = [...groups].map(([group, settings]) => {
    const level = group === '' ? headingLevel : headingLevel + 1
    const entries = settings.map(([name, declaration]) => entry(name, declaration, level))
    return group === '' ? entries.join('\n') : `${'#'.repeat(headingLevel)} ${group}\n\n${entries.join('\n')}`
  })
  return sections.join('\n')
}

function entry(name: string, declaration: SettingDeclaration, level: number): string {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Type', declaration.type],
    ['Default', defaultText(declaration)],
    ['Valid values', declaration.validator && escaped(declaration.validator.description)],
    ['Importance', declaration.importance],
    ['Concerns', declaration.dependents?.map((dependent) => `\`${dependent}\``).join(', ')],
  ]
  const rows = facts
    .filter(([, text]) => text !== undefined && text !== '')
    .map(([label, text]) => `- ${label}: ${text}`)
  return `${'#'.repeat(level)} \`${name}\`\n\n${declaration.documentation}\n\n${rows.join('\n')}\n`
}

function defaultText({ default: value, type }: SettingDeclaration): string {
  if (value === undefined) return 'none: it must be given'
  if (value === null) return 'null'
  const text = settingText(value, type) ?? ''
  return text === '' ? 'empty' : `\`${text}\``
}

function escaped(text: string): string {
  return text.replace(/[\\`*_<>|[\]]/g, String.raw`\$&`)
}
