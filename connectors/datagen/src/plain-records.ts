import { withoutSchema } from './schemaless.ts'
import type { MadeRecord, RecordMaker } from './record-maker.ts'
import type { RecordRandom } from './record-random.ts'
import type { RowSchema } from './row-schema.ts'

export interface PlainRecordsOptions {
  readonly rows: RowSchema
  readonly random: RecordRandom
  readonly task: number
  readonly hasSchemas: boolean
}

/** Each record a row that has nothing to do with the others. */
export class PlainRecords implements RecordMaker {
  readonly #options: PlainRecordsOptions

  constructor(options: PlainRecordsOptions) {
    this.#options = options
  }

  make(number: number): MadeRecord {
    const { rows, random, task, hasSchemas } = this.#options
    const { schema, key } = rows
    const row = rows.make(random.at(task, number, 0), number)
    return {
      keySchema: hasSchemas ? (key?.schema ?? null) : null,
      key: key === null ? null : hasSchemas ? row[key.field]! : withoutSchema(row[key.field]!),
      valueSchema: hasSchemas ? schema : null,
      value: hasSchemas ? row : withoutSchema(row),
      hasTombstone: false,
    }
  }
}
