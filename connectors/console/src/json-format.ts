import type { SinkRecord } from '@sluice/sdk'
import type { Format } from './format.ts'
import { cut, inJsonText } from './line-text.ts'
import type { ConsoleSettings } from './settings.ts'
import { ValueText } from './value-text.ts'

/** An object that stays JSON when it is too long: its longest parts become texts that are cut then. */
export class JsonFormat implements Format {
  readonly #settings: ConsoleSettings
  readonly #keys = new ValueText()
  readonly #values = new ValueText()

  constructor(settings: ConsoleSettings) {
    this.#settings = settings
  }

  lines(records: readonly SinkRecord[]): readonly string[] {
    return records.map((record) => this.#line(record))
  }

  notShown(): null {
    return null
  }

  #line(record: SinkRecord): string {
    const {
      'line.chars.max': charsMax,
      'print.coordinates': hasCoordinates,
      'print.timestamp': hasTime,
    } = this.#settings
    const { 'print.key': hasKey, 'print.headers': hasHeaders } = this.#settings
    const { topic, partition, offset, timestamp } = record
    const parts: string[] = []
    if (hasCoordinates) parts.push(`"topic":${JSON.stringify(topic)},"partition":${partition},"offset":${offset}`)
    if (hasTime) parts.push(`"timestamp":${timestamp}`)
    const quarter = Math.floor(charsMax / 4)
    if (hasKey) parts.push(`"key":${fitting(this.#keys.json(record.keySchema, record.key), quarter)}`)
    if (hasHeaders) parts.push(`"headers":${fitting(this.#keys.headersJson(record), quarter)}`)
    const value = this.#values.json(record.valueSchema, record.value)
    const begin = `{${parts.map((part) => `${part},`).join('')}"value":`
    return `${begin}${fitting(value, charsMax - begin.length - 1)}}`
  }
}

/** JSON of at most so many characters: as it is, or a text with the beginning of it. */
function fitting(any: string, charsMax: number): string {
  const json = inJsonText(any)
  if (json.length <= charsMax) return json
  // Quotes and what is within them take two characters each in a text, at worst.
  return JSON.stringify(cut(json, Math.max(0, Math.floor((charsMax - 2) / 2))))
}
