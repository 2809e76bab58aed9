/** What is called compatible is: what one Protobuf schema wrote another one reads, fields of the same number with the same value. Judged by protobufjs. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { incompatibilities } from '../../../src/index.ts'

interface Field {
  readonly number: number
  readonly type: string
  readonly label: string
}

const TYPES = [
  'int32',
  'uint32',
  'int64',
  'bool',
  'sint32',
  'sint64',
  'fixed32',
  'sfixed32',
  'fixed64',
  'string',
  'bytes',
  'E',
  'N',
]

const field: fc.Arbitrary<Field> = fc.record({
  number: fc.integer({ min: 1, max: 4 }),
  type: fc.constantFrom(...TYPES),
  label: fc.constantFrom('', '', 'repeated '),
})
const fields = fc.uniqueArray(field, { selector: ({ number }) => number, maxLength: 4 })

function file(list: readonly Field[]): string {
  const lines = list.map(({ number, type, label }) => `${label}${type} f${number} = ${number};`)
  return `syntax = "proto3"; message M { ${lines.join(' ')} } message N { int32 x = 1; } enum E { A = 0; B = 1; }`
}

/** A value that all types of its kind can hold. */
function valueOf({ type, label }: Field): unknown {
  const one =
    type === 'string'
      ? 'ab'
      : type === 'bytes'
        ? Buffer.from('ab')
        : type === 'N'
          ? { x: 1 }
          : type === 'bool'
            ? true
            : 1
  return label === '' ? one : [one, one]
}

/** Numbers and texts, whatever the type calls them; of several values for one field, the last one counts. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return plain(value.at(-1))
  if (value instanceof Uint8Array) return Buffer.from(value).toString()
  return typeof value === 'boolean' ? Number(value) : value
}

test('what the writer wrote the reader reads, if nothing is said against it', () => {
  const judged = { compatible: 0, fields: 0 }
  fc.assert(
    fc.property(fields, fields, fc.array(fc.nat(20), { minLength: 4, maxLength: 4 }), (writer, other, dice) => {
      // Mostly the same fields, with the types of others here and there.
      const reader = writer.map((own, i) => (dice[i]! < 8 ? { ...own, ...other[i], number: own.number } : own))
      const text = (list: readonly Field[]): { type: 'PROTOBUF'; text: string } => ({
        type: 'PROTOBUF',
        text: file(list),
      })
      if (incompatibilities('BACKWARD', text(reader), [text(writer)]).length > 0) return
      judged.compatible += 1
      const [from, to] = [writer, reader].map((list) =>
        protobuf.parse(file(list), new protobuf.Root()).root.lookupType('M'),
      )
      const written = from!
        .encode(from!.fromObject(Object.fromEntries(writer.map((own) => [`f${own.number}`, valueOf(own)]))))
        .finish()
      const read = to!.toObject(to!.decode(written), { longs: Number, enums: Number }) as Record<string, unknown>
      for (const own of writer) {
        judged.fields += 1
        const name = `f${own.number}`
        const value = plain(read[name])
        expect({ writer, reader, name, value }).toEqual({ writer, reader, name, value: plain(valueOf(own)) })
      }
    }),
    { numRuns: 3000, seed: 5 },
  )
  expect(judged.compatible).toBeGreaterThan(500)
  expect(judged.fields).toBeGreaterThan(1000)
})
