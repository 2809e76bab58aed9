import { type ApiName, BatchAppender, type Struct, apis, encodeRequest } from '@sluice/kafka-protocol'
import type { SeededRandom } from '@sluice/sdk/testing'

/** What exists in the broker on trial, so that requests concern something. */
export interface Surroundings {
  readonly topics: readonly { readonly name: string; readonly id: string }[]
}

const NO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'
const SMALL = [-1, 0, 0, 0, 1, 1, 2, 3, 100, 1000]
/** The extremes of the integer types. */
const EXTREMES: Readonly<Record<string, readonly (number | bigint)[]>> = {
  int8: [-128, 127],
  int16: [-32768, 32767],
  int32: [-0x80000000, 0x7fffffff],
  int64: [-(2n ** 63n), 2n ** 63n - 1n, 2 ** 52, -(2 ** 52)],
}
/** How often an integer is an extreme, and a text a long one. */
const EXTREME_CHANCE = 0.04

/** Well-formed requests of any API and version, filled at random with what may well exist: what a client could have sent. */
export class RequestMaker {
  readonly #random: SeededRandom
  readonly #around: Surroundings

  constructor(random: SeededRandom, around: Surroundings) {
    this.#random = random
    this.#around = around
  }

  frame(api: ApiName, version: number): Buffer {
    const body = this.#struct(apis[api].request, version)
    const header = { correlationId: this.#random.below(1 << 30), clientId: 'fuzz' }
    return Buffer.concat(encodeRequest(api, version, header, body as never))
  }

  #struct(struct: Struct, version: number): Record<string, unknown> {
    const value: Record<string, unknown> = {}
    for (const [name, field] of Object.entries(struct)) {
      if (name === '$') continue
      const line = typeof field === 'string' ? field : (field['$'] as string)
      const [type = '', ...words] = line.split(' ')
      const range = /^\d/.test(words[0] ?? '') ? words[0]! : '0+'
      if (!includes(range, version)) continue
      const nullAt = words.indexOf('null')
      const nullRange = /^\d/.test(words[nullAt + 1] ?? '') ? words[nullAt + 1]! : range
      if (nullAt !== -1 && includes(nullRange, version) && this.#random.chance(0.2)) value[name] = null
      else if (type.startsWith('[]')) {
        const count = this.#random.pick([0, 1, 1, 1, 2, 3])
        value[name] = Array.from({ length: count }, () => this.#one(name, type.slice(2), field, version))
      } else value[name] = this.#one(name, type, field, version)
    }
    return value
  }

  #one(name: string, type: string, field: string | Struct, version: number): unknown {
    if (typeof field !== 'string') return this.#struct(field, version)
    const random = this.#random
    const extremes = EXTREMES[type]
    if (extremes !== undefined && random.chance(EXTREME_CHANCE)) return random.pick(extremes)
    switch (type) {
      case 'boolean':
        return random.chance(0.5)
      case 'string':
        return this.#text(name)
      case 'uuid':
        return random.chance(0.8) ? random.pick(this.#around.topics).id : NO_ID
      case 'bytes':
        return Buffer.from(random.pick(['', 'x', '\0\0\0\0\0\0', 'consumer']))
      case 'records':
        return this.#records()
      case 'float64':
        return random.pick([0, 1, 1e9])
      case 'uint16':
      case 'uint32':
        return random.below(10)
      case 'int8':
        return random.pick([-1, 0, 0, 1, 1, 2, 3])
      default:
        return name.endsWith('Ms') ? random.pick([0, 1, 10]) : random.pick(SMALL)
    }
  }

  #text(field: string): string {
    const random = this.#random
    if (random.chance(EXTREME_CHANCE)) return 'x'.repeat(random.pick([249, 250, 1000, 10_000]))
    if (/protocolType/i.test(field)) return random.pick(['consumer', 'connect'])
    if (/assignor|protocol/i.test(field)) return random.pick(['range', 'uniform', 'x'])
    if (/topic|name$|resource/i.test(field)) {
      return random.chance(0.8)
        ? random.pick(this.#around.topics).name
        : random.pick(['', 'cleanup.policy', 'no such', '1'])
    }
    return random.pick(['', 'a', 'b', '1', '127.0.0.1', 'fuzz', 'é𝄞'])
  }

  #records(): Uint8Array {
    const random = this.#random
    const appender = new BatchAppender(new Uint8Array(2048))
    const count = 1 + random.below(5)
    for (let i = 0; i < count; i++) appender.append(null, Buffer.from(`value ${i}`), Date.now(), null)
    const isProducer = random.chance(0.4)
    return Buffer.from(
      appender.seal({
        compression: random.pick(['none', 'none', 'gzip', 'zstd', 'lz4', 'snappy'] as const),
        producerId: isProducer ? random.below(5) : -1,
        producerEpoch: isProducer ? random.below(2) : -1,
        baseSequence: isProducer ? random.below(10) : -1,
        isTransactional: isProducer && random.chance(0.5),
      }),
    )
  }
}

function includes(range: string, version: number): boolean {
  const [first, last] = range.split('-')
  if (range.endsWith('+')) return version >= Number(range.slice(0, -1))
  return version >= Number(first) && version <= Number(last ?? first)
}
