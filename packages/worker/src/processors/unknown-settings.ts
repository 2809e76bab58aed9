import { nearestName, type RawSettings, type SettingProblem, type SettingsDeclaration } from '@sluice/sdk'

/** Of more names than this the nearest is not looked for: that takes its time, and a hostile config has very many. */
const HINTS_MAX = 20

/**
 * Names that are not declared. Of a connector they are warned of, because Kafka Connect takes them; a processor is our own, and what is
 * mistyped would keep its default without a word: at_least_once, say.
 */
export function unknownSettings(known: SettingsDeclaration, raw: RawSettings): readonly SettingProblem[] {
  const names = Object.keys(known.declarations)
  const unknown = Object.keys(raw).filter((name) => !Object.hasOwn(known.declarations, name))
  return unknown.map((setting, at) => {
    const nearest = at < HINTS_MAX ? nearestName(setting, names) : undefined
    const remedy = nearest === undefined ? 'leave it out' : `did you mean "${nearest}"?`
    return { setting, message: `Unknown configuration "${setting}", which would have no effect: ${remedy}` }
  })
}
