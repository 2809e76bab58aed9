/** Schemas, values and texts made at random, in the format of the vectors; a seed repeats them. */
import { SeededRandom } from '@sluice/sdk/testing'
import type { VectorSchema, VectorValue } from '../support/connect-vectors.ts'

const CONNECT = 'org.apache.kafka.connect.data.'
const BITS: Readonly<Record<string, number>> = { int8: 8, int16: 16, int32: 32, int64: 64 }
const PRIMITIVES = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string', 'bytes'] as const
const LOGICAL = { Date: 'int32', Time: 'int32', Timestamp: 'int64', Decimal: 'bytes' } as const
const CHARS = [
  'a',
  'b',
  '"',
  '\\',
  ',',
  '[',
  ']',
  '{',
  '}',
  ':',
  '1',
  ' ',
  '\n',
  '\t',
  '\u0001',
  '\u007F',
  'é',
  '€',
  '\u2028',
  '😀',
  '\0',
]
const DAY_MS = 86_400_000
const DEPTH = 3
/** Of header texts: scalars alone, as keys are, because Java compares lists by what is in them. */
const DEEPEST = 4

export class RandomCases {
  readonly #random: SeededRandom

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
  }

  pick<T>(from: readonly T[]): T {
    return this.#random.pick(from)
  }

  schema(depth = 0): VectorSchema {
    const random = this.#random
    const optional = random.chance(0.4)
    const kinds = [...PRIMITIVES, ...Object.keys(LOGICAL), ...(depth < DEPTH ? ['array', 'map', 'struct'] : [])]
    const kind = random.pick(kinds)
    const extra = random.isOneIn(8) ? { doc: this.text(), version: random.below(9) } : {}
    switch (kind) {
      case 'array':
        return { type: 'array', optional, ...extra, items: this.schema(depth + 1) }
      case 'map': {
        const keys: VectorSchema = { type: random.pick(['string', 'int32', 'int64'] as const), optional: false }
        return { type: 'map', optional, ...extra, keys, values: this.schema(depth + 1) }
      }
      case 'struct': {
        const names = ['a', 'b', 'c"', 'é', 'id', '10', '2'].filter(() => random.chance(0.4))
        const fields = names.map((field) => ({ field, schema: this.schema(depth + 1) }))
        return { type: 'struct', optional, ...extra, fields }
      }
      default:
        return this.#leaf(kind, optional, extra)
    }
  }

  #leaf(kind: string, optional: boolean, extra: Partial<VectorSchema>): VectorSchema {
    const base = (LOGICAL as Readonly<Record<string, VectorSchema['type']>>)[kind]
    const parameters = kind === 'Decimal' ? { parameters: { scale: String(this.#random.pick([0, 2, 5])) } } : {}
    const bare: VectorSchema =
      base === undefined
        ? { type: kind as VectorSchema['type'], optional, ...extra }
        : { type: base, optional, name: CONNECT + kind, version: 1, ...parameters }
    return this.#random.isOneIn(6) ? { ...bare, default: this.#present(bare) } : bare
  }

  /** Null only where the schema lets it be. */
  value(schema: VectorSchema): VectorValue | null {
    return schema.optional && this.#random.chance(0.3) ? null : this.#present(schema)
  }

  #present(schema: VectorSchema): VectorValue {
    const random = this.#random
    const { type: t } = schema
    if (schema.name?.startsWith(CONNECT) === true) return this.#logical(schema)
    switch (t) {
      case 'array':
        return { t, v: Array.from({ length: random.below(4) }, () => this.value(schema.items!)) }
      case 'map': {
        const entries = new Map<string, readonly [VectorValue, VectorValue | null]>()
        for (let i = random.below(4); i > 0; i--) {
          const key = this.#present(schema.keys!)
          entries.set(String(key.v), [key, this.value(schema.values!)])
        }
        return { t, v: [...entries.values()] }
      }
      case 'struct':
        return { t, v: Object.fromEntries(schema.fields!.map(({ field, schema: of }) => [field, this.value(of)])) }
      case 'boolean':
        return { t, v: String(random.chance(0.5)) }
      case 'string':
        return { t, v: this.text() }
      case 'bytes':
        return {
          t,
          v: Buffer.from(Array.from({ length: random.below(7) }, () => random.below(256))).toString('base64'),
        }
      case 'float32':
      case 'float64':
        return {
          t,
          v: random.pick(['0.0', '-0.0', '1.5', '-2.25', 'NaN', 'Infinity', '1.0E10', '0.001', '1.0E-4', '123456.75']),
        }
      case 'int8':
      case 'int16':
      case 'int32':
      case 'int64':
        break
    }
    return { t, v: String(this.#integer(BITS[t]!)) }
  }

  #logical({ name, parameters }: VectorSchema): VectorValue {
    const random = this.#random
    switch (name) {
      case `${CONNECT}Date`:
        return { t: 'date', v: String((random.below(60_000) - 30_000) * DAY_MS) }
      case `${CONNECT}Time`:
        return { t: 'date', v: String(random.below(DAY_MS)) }
      case `${CONNECT}Timestamp`:
        return { t: 'date', v: String(random.pick([0, 1, DAY_MS, Math.floor(random.next() * 3e12) - 1e12])) }
      case undefined:
      default:
        return { t: 'decimal', v: decimalText(this.#integer(random.pick([8, 32, 90])), Number(parameters!['scale'])) }
    }
  }

  #integer(bits: number): bigint {
    const edge = 2n ** BigInt(bits - 1)
    const anywhere = BigInt.asIntN(
      bits,
      BigInt(Math.floor(this.#random.next() * 2 ** 53)) * BigInt(this.#random.below(2 ** 30)),
    )
    return this.#random.pick([0n, 1n, -1n, -edge, edge - 1n, anywhere])
  }

  text(): string {
    return Array.from({ length: this.#random.pick([0, 1, 3, 8, 40]) }, () => this.#random.pick(CHARS)).join('')
  }

  /** What a header may hold: lists and maps of what numbers, dates and words look like, and now and then a slip of the pen. */
  headerText(): string {
    const text = this.#headerElement(0)
    if (!this.#random.isOneIn(4) || text === '') return text
    const at = this.#random.below(text.length)
    return (
      text.slice(0, at) +
      this.#random.pick(['', ...'[]{},:" 1a-.eTZ'.split('')]) +
      text.slice(at + this.#random.below(2))
    )
  }

  #headerElement(depth: number): string {
    const random = this.#random
    const blank = (): string => random.pick(['', '', '', ' '])
    const kind = depth >= DEEPEST ? 0 : random.below(10)
    const items = (make: () => string): string =>
      Array.from({ length: random.below(4) }, make).join(`${blank()},${blank()}`)
    if (kind > 7) return `[${items(() => this.#headerElement(depth + 1))}${random.pick(['', '', ','])}]`
    if (kind > 5)
      return `{${items(() => `${this.#headerElement(DEEPEST)}${blank()}:${blank()}${this.#headerElement(depth + 1)}`)}}`
    return random.pick(SCALARS)
  }
}

const SCALARS = (
  '1 300 70000 5000000000 9223372036854775808 1.5 -2 1e39 1e3 -0.0 007 5. .5 +7 true false null True NaN 0x1 - abc é "" "s" ' +
  String.raw`"a,b" "q\"r" 2023-11-14 2023-13-45 2023-1-1xx 12:13:14.123Z 99:99:99.999Z 12:13 2023-11-14T22:13:20.123Z`
).split(' ')

function decimalText(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled)
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}
