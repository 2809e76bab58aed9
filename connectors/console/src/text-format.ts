import type { SinkRecord } from '@sluice/sdk'
import { notShownText, timeText, type Format } from './format.ts'
import { cut, oneLine } from './line-text.ts'
import type { ConsoleSettings } from './settings.ts'
import { filled, type Placeholder } from './template.ts'
import { ValueText } from './value-text.ts'

/** A line by a template. */
export class TextFormat implements Format {
  readonly #settings: ConsoleSettings
  readonly #keys = new ValueText()
  readonly #values = new ValueText()
  readonly #headers = new ValueText()

  constructor(settings: ConsoleSettings) {
    this.#settings = settings
  }

  lines(records: readonly SinkRecord[]): readonly string[] {
    const { template, 'line.chars.max': charsMax } = this.#settings
    return records.map((record) =>
      oneLine(
        cut(
          filled(template, (name) => this.#part(record, name)),
          charsMax,
        ),
      ),
    )
  }

  notShown(count: number): string {
    return notShownText(count)
  }

  #part(record: SinkRecord, name: Placeholder): string {
    switch (name) {
      case 'timestamp':
        return timeText(record.timestamp)
      case 'key':
        return this.#keys.plain(record.keySchema, record.key)
      case 'value':
        return this.#values.plain(record.valueSchema, record.value)
      case 'headers':
        return this.#headers.headersJson(record)
      case 'topic':
      case 'partition':
      case 'offset':
        break
    }
    return String(record[name])
  }
}
