/** Texts: by a regular expression, or of letters and digits. */
import { SchemaError } from '@sluice/sdk'
import type { Annotations } from './annotations.ts'
import { lengthWithin } from './annotations.ts'
import { assertHolds, type Spot } from './make.ts'
import { RecordRandom } from './record-random.ts'
import { regexText } from './regex-text.ts'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
/** How often a text is drawn until its length is right. */
const DRAWS_MAX = 1000

/** @throws SchemaError for a regex that no text can be drawn from, or hardly one of the length that is wanted */
export function makeText(notes: Annotations, spot: Spot): (random: RecordRandom) => string {
  const { options, prefix, suffix, regex, givenLength } = notes
  if (options !== undefined) {
    const texts = options.map(String)
    return (random) => random.pick(texts)
  }
  if (regex !== undefined) return drawn(regex, givenLength, prefix, suffix, spot)
  const { length } = notes
  assertHolds(spot, length.max)
  return (random) => {
    let text = prefix
    for (let left = lengthWithin(length, random); left > 0; left--) text += LETTERS.charAt(random.below(LETTERS.length))
    return text + suffix
  }
}

function drawn(
  regex: string,
  length: Annotations['givenLength'],
  prefix: string,
  suffix: string,
  spot: Spot,
): (random: RecordRandom) => string {
  const { draw, charsMax } = regexText(regex, length?.max)
  assertHolds(spot, charsMax)
  if (length === undefined) return prefix + suffix === '' ? draw : (random) => prefix + draw(random) + suffix
  const { min, max } = length
  // A number alone is the least length, as beside a regex it is to Confluent's.
  const last = min === max ? Infinity : max - 1
  const fitting = (random: RecordRandom): string | null => {
    for (let draws = 0; draws < DRAWS_MAX; draws++) {
      const text = draw(random)
      if (text.length >= min && text.length <= last) return text
    }
    return null
  }
  const example = fitting(new RecordRandom(regex).at(0, 0, 0))
  if (example === null)
    throw new SchemaError(`Hardly a text of the regex ${JSON.stringify(regex)} has the length that is wanted`)
  return (random) => prefix + (fitting(random) ?? example) + suffix
}
