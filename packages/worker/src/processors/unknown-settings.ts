import type { RawSettings, SettingProblem, SettingsDeclaration } from '@sluice/sdk'

/**
 * Names that are not declared. Of a connector they are warned of, because Kafka Connect takes them; a processor is our own, and what is
 * mistyped would keep its default without a word: at_least_once, say.
 */
export function unknownSettings(known: SettingsDeclaration, raw: RawSettings): readonly SettingProblem[] {
  return known.unknownKeys(raw).map(({ key: setting, nearest }) => {
    const remedy = nearest === undefined ? 'leave it out' : `did you mean "${nearest}"?`
    return { setting, message: `Unknown configuration "${setting}", which would have no effect: ${remedy}` }
  })
}
