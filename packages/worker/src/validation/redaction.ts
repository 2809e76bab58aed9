import type { RawSettings, SettingsValidation, ValidatedSetting } from '@sluice/sdk'
import type { ResolvedSettings } from '../config-providers.ts'
import { clean } from '../provided-values.ts'

/**
 * The answer without values of config providers: a setting that holds one shows its placeholder, and a complaint about it does not
 * say what it was. Nor does any other complaint.
 */
export function withoutProvided(
  answer: SettingsValidation,
  given: RawSettings,
  { settings, provided, values }: ResolvedSettings,
): SettingsValidation {
  if (provided.size === 0) return answer
  const hidden = new Set([...values, ...[...provided].map((setting) => settings[setting]!)])
  const configs = answer.configs.map(({ definition, value }): ValidatedSetting => {
    if (!provided.has(value.name)) {
      const errors = value.errors.map((error) => clean(error, hidden))
      return { definition, value: { ...value, errors } }
    }
    const error = `Invalid value for configuration '${value.name}': the value resolved from the config provider reference failed validation`
    return { definition, value: { ...value, value: given[value.name]!, errors: value.errors.map(() => error) } }
  })
  return { ...answer, name: given['connector.class'] ?? answer.name, configs }
}
