import { expect, test } from '@jest/globals'
import { jsonConverter } from '@sluice/codecs'
import { validateValue } from '@sluice/sdk'
import { SeededRandom } from '@sluice/sdk/testing'
import { recordsOf } from './datagen-runs.ts'

const SCALARS: readonly unknown[] = [
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'string',
  'bytes',
  { type: 'int', logicalType: 'date' },
  { type: 'int', logicalType: 'time-millis' },
  { type: 'long', logicalType: 'timestamp-millis' },
  { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 3 },
  { type: 'int', 'connect.type': 'int8' },
]

/** Any Avro schema that has a form in Connect. */
class AnySchema {
  readonly #random: SeededRandom
  #names = 0

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
  }

  record(depth: number): unknown {
    const fields = Array.from({ length: 1 + this.#random.below(4) }, (_, i) => ({
      name: `f${i}`,
      type: this.type(depth),
    }))
    return { type: 'record', name: `R${this.#names++}`, fields }
  }

  type(depth: number): unknown {
    const length = { length: { min: 0, max: 3 } }
    switch (depth === 0 ? 0 : this.#random.below(9)) {
      case 1:
        return { type: 'array', items: this.type(depth - 1), 'arg.properties': length }
      case 2:
        return { type: 'map', values: this.type(depth - 1), 'arg.properties': length }
      case 3:
        return this.record(depth - 1)
      case 4:
        return { type: 'enum', name: `E${this.#names++}`, symbols: ['A', 'B'] }
      case 5:
        return { type: 'fixed', name: `F${this.#names++}`, size: this.#random.below(5) }
      case 6:
        return ['null', this.notUnion(depth)]
      case 7:
        return ['null', 'int', 'string', this.record(depth - 1)]
      default:
        return this.#random.pick(SCALARS)
    }
  }

  notUnion(depth: number): unknown {
    for (;;) {
      const type = this.type(depth)
      if (!Array.isArray(type)) return type
    }
  }
}

test('values of any schema fit it, and can be written', async () => {
  const json = jsonConverter.create({}, 'value')
  for (let seed = 0; seed < 300; seed++) {
    const schema = JSON.stringify(new AnySchema(seed).record(3))
    const records = await recordsOf({ 'schema.string': schema, iterations: '8', seed: String(seed) })
    expect(records).toHaveLength(8)
    for (const { value, valueSchema } of records) {
      validateValue(valueSchema, value, schema)
      expect(json.encoder('t', valueSchema)(value)).not.toBeNull()
    }
  }
})
