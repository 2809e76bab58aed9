import type { CheckKind, Parameter } from './check-kind.ts'
import { CHECKS } from './checks/index.ts'

/** The reference of all checks in Markdown, made from what the checks declare about themselves. */
export function checkReferencePage(): string {
  const kinds: readonly (readonly [string, CheckKind<object>])[] = Object.entries(CHECKS).map(([name, kind]) => [
    name,
    kind as CheckKind<object>,
  ])
  const list = kinds.map(([name]) => `- [\`${name}\`](#${name})`).join('\n')
  return `# Checks\n\n${INTRODUCTION}\n\n${list}\n\n${kinds.map(section).join('\n\n')}\n`
}

const INTRODUCTION = `A rule of a gate is one of these checks with an \`id\`, a place to look (\`field\`, or \`fields\` for several), its \`params\`, and, if it
does not always apply, a condition in \`where\`. Its \`severity\` (info, warn, error, fatal; default error) decides through the gate's \`actions\` what
becomes of a record that fails; its own \`action\` (pass, mark, drop, quarantine, halt) overrides that.

Names in a path are joined by dots (\`address.city\`, \`items.0.sku\`); a backslash takes the next character literally (\`a\\.b\`). A path looks into
the value; \`@value\`, \`@key\`, \`@key.id\`, \`@topic\`, \`@partition\`, \`@offset\` and \`@timestamp\` look elsewhere.

Checks other than \`required\`, \`not_empty\` and \`type\` skip a field that is null or absent: whether it may be is a question of its own.`

function section([name, kind]: readonly [string, CheckKind<object>]): string {
  const example = JSON.stringify(
    { id: `my-${name}`, check: name, ...exampleField(kind), ...exampleParams(kind) },
    null,
    2,
  )
  const codes = Object.entries(kind.codes).map(([code, meaning]) => `- \`${code}\`: ${meaning}`)
  return [
    `## ${name}`,
    kind.documentation,
    `**Fields:** ${kind.fields}. **Null and absent:** ${kind.nulls}.`,
    parameterTable(kind.parameters),
    `Codes:\n\n${codes.join('\n')}`,
    `\`\`\`json\n${example}\n\`\`\``,
  ].join('\n\n')
}

function parameterTable(parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return 'No parameters.'
  const rows = parameters.map(({ name, type, choices, required, default: preset, doc }) => {
    const what =
      choices === undefined
        ? TYPE_WORDS[type]
        : `${TYPE_WORDS[type]} ${choices.map((choice) => `\`${choice}\``).join(', ')}`
    const otherwise =
      required === true ? 'required' : preset === undefined ? '' : typeof preset === 'string' ? preset : `\`${preset}\``
    return `| \`${name}\` | ${what} | ${otherwise} | ${doc} |`
  })
  return ['| parameter | is | default | meaning |', '|---|---|---|---|', ...rows].join('\n')
}

const TYPE_WORDS: Readonly<Record<Parameter['type'], string>> = {
  text: 'text',
  count: 'whole number',
  flag: '`true` or `false`',
  choice: 'one of',
  choices: 'one or a list of',
  bound: 'number or text',
  scalar: 'text, number or boolean',
  scalars: 'list of texts, numbers or booleans',
  path: 'path',
  condition: 'CEL expression or check',
  checks: 'list of checks',
}

function exampleField(kind: CheckKind<object>): { readonly field?: string } {
  return kind.fields === 'required' ? { field: 'a_field' } : {}
}

function exampleParams(kind: CheckKind<object>): { readonly params?: object } {
  return Object.keys(kind.example).length === 0 ? {} : { params: kind.example }
}
