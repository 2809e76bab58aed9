import type { RawSettings, SettingsValidation, ValidatedSetting } from '@sluice/sdk'

/** A secret shorter than this cannot be told from the words of a sentence. */
const SECRET_LENGTH_MIN = 3

/**
 * The answer without values of config providers: a setting that holds one shows its placeholder, and a complaint about it does not
 * say what it was. Nor does any other complaint.
 */
export function withoutProvided(
  answer: SettingsValidation,
  given: RawSettings,
  resolved: RawSettings,
  provided: ReadonlySet<string>,
): SettingsValidation {
  if (provided.size === 0) return answer
  const texts = new Set([...provided].map((setting) => resolved[setting]!))
  const secrets = [...texts].filter((text) => text.length >= SECRET_LENGTH_MIN)
  const clean = (text: string): string => secrets.reduce((rest, secret) => rest.replaceAll(secret, '[hidden]'), text)
  const configs = answer.configs.map(({ definition, value }): ValidatedSetting => {
    if (!provided.has(value.name)) return { definition, value: { ...value, errors: value.errors.map(clean) } }
    const error = `Invalid value for configuration '${value.name}': the value resolved from the config provider reference failed validation`
    return { definition, value: { ...value, value: given[value.name]!, errors: value.errors.map(() => error) } }
  })
  return { ...answer, name: given['connector.class'] ?? answer.name, configs }
}
