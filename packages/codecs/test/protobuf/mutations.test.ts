import { expect, test } from '@jest/globals'
import protobuf from 'protobufjs'
import type { RegisteredSchema, SchemaRegistry } from '@sluice/schema-registry'
import { SluiceError, canonical } from '@sluice/sdk'
import { SeededRandom } from '@sluice/sdk/testing'
import { randomFile, randomMessage } from './random-messages.ts'
import { behind, converterOn } from './support.ts'

const FILES = 150
const TIMES = 60

test('whatever bytes and files are, there is a value, or an error that says why', () => {
  const random = new SeededRandom(99)
  const seen = { value: 0, error: 0 }
  for (let f = 0; f < FILES; f++) {
    const file = randomFile(random)
    const { root } = protobuf.parse(file, new protobuf.Root(), { keepCase: true })
    root.resolveAll()
    const peer = root.lookupType('of.peer.M0')
    const text = random.chance(0.5) ? file : mutated(Buffer.from(file), random).toString()
    const converter = converterOn(holding(text), {
      'integer.overflow': random.pick(['wrap', 'fail']),
      'flatten.unions': String(random.chance(0.5)),
      'generate.struct.for.nulls': String(random.chance(0.5)),
    })
    for (let t = 0; t < TIMES; t++) {
      const payload = mutated(Buffer.from(peer.encode(randomMessage(peer, random)).finish()), random)
      const outcome = read(() =>
        converter.decode('t', behind(1, payload, random.chance(0.9) ? [0] : [random.below(4)])),
      )
      seen[outcome]++
    }
  }
  expect(seen.value).toBeGreaterThan(1000)
  expect(seen.error).toBeGreaterThan(1000)
})

function read(decode: () => { readonly schema: Parameters<typeof canonical>[0] | null }): 'value' | 'error' {
  try {
    canonical(decode().schema!)
    return 'value'
  } catch (error) {
    expect(error).toBeInstanceOf(SluiceError)
    expect((error as SluiceError).message.length).toBeLessThan(2000)
    return 'error'
  }
}

/** Changed, left out, put in or cut off, here and there. */
function mutated(bytes: Buffer, random: SeededRandom): Buffer {
  let all = bytes
  for (let n = random.below(4); n > 0; n--) {
    const at = random.below(all.length + 1)
    const some = Buffer.from(
      Array.from({ length: random.below(5) }, () => random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)])),
    )
    all = Buffer.concat([
      all.subarray(0, at),
      some,
      random.chance(0.1) ? Buffer.alloc(0) : all.subarray(at + random.below(4)),
    ])
  }
  return all
}

/** A registry that has this one file. */
function holding(text: string): SchemaRegistry {
  const schema: RegisteredSchema = { id: 1, type: 'PROTOBUF', text, references: [], dependencies: [] }
  return { peek: () => schema } as unknown as SchemaRegistry
}
