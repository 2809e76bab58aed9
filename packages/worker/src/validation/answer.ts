/** Answers of validation put together. */
import type { SettingsValidation, ValidatedSetting } from '@sluice/sdk'

/** A setting that the connector declares too keeps its place and is the connector's. */
export function merged(common: SettingsValidation, own: SettingsValidation): SettingsValidation {
  const byName = new Map(own.configs.map((entry) => [entry.value.name, entry]))
  const known = new Set(common.configs.map(({ value }) => value.name))
  const configs = [
    ...common.configs.map((entry) => byName.get(entry.value.name) ?? entry),
    ...own.configs.filter(({ value }) => !known.has(value.name)),
  ]
  return counted({ ...common, groups: [...new Set([...common.groups, ...own.groups])], configs })
}

/** The answer with settings of others behind it. */
export function withEntries(answer: SettingsValidation, entries: readonly ValidatedSetting[]): SettingsValidation {
  const complained = new Map(
    answer.configs.flatMap(({ definition, value }) => (definition === null ? [[value.name, value]] : [])),
  )
  // A complaint that came first has no definition; the setting itself is told of once.
  const names = new Set(entries.map(({ value }) => value.name))
  const configs = answer.configs.filter(({ definition, value }) => definition !== null || !names.has(value.name))
  const added = entries.map(({ definition, value }) => ({
    definition,
    value: { ...value, errors: [...value.errors, ...(complained.get(value.name)?.errors ?? [])] },
  }))
  const groups = added.flatMap(({ definition }) => definition?.group ?? [])
  return counted({ ...answer, groups: [...new Set([...answer.groups, ...groups])], configs: [...configs, ...added] })
}

function counted(answer: SettingsValidation): SettingsValidation {
  return { ...answer, error_count: answer.configs.reduce((sum, { value }) => sum + value.errors.length, 0) }
}
