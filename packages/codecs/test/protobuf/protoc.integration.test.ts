/** Our files and messages beside Google's own compiler, on schemas and values made at random (seeded). */
import { describe, expect, test } from '@jest/globals'
import protobuf from 'protobufjs'
import { memoryRegistry } from '@sluice/schema-registry/testing'
import { SeededRandom } from '@sluice/sdk/testing'
import { Protoc, hasProtoc } from './protoc.ts'
import { randomFile, randomMessage, valueOf } from './random-messages.ts'
import { PREFIX_BYTES, asRead, behind, converterOn, randomStruct, randomValue, ready, registered } from './support.ts'

if (!hasProtoc) process.stderr.write('protoc is missing: Protobuf is not compared with that of Google\n')

const SCHEMAS = 40
const VALUES = 20
const WITHIN_MS = 120_000

;(hasProtoc ? describe : describe.skip)('beside protoc (needs protoc)', () => {
  test.each([
    ['nothing', {}],
    ['optional.for.nullables', { 'optional.for.nullables': 'true' }],
    ['wrapper.for.nullables', { 'wrapper.for.nullables': 'true' }],
  ])(
    'it compiles the files of our schemas, reads the messages, and we read what it writes (with %s)',
    async (name, raw) => {
      using protoc = new Protoc()
      const random = new SeededRandom(3)
      const registry = await memoryRegistry()
      const converter = converterOn(registry, raw)
      for (let s = 0; s < SCHEMAS; s++) {
        const schema = randomStruct(random, 0, false)
        const encode = converter.encoder(`t${s}`, schema)
        const values = Array.from({ length: VALUES }, () => randomValue(schema, random))
        await ready(() => encode(values[0]!))
        const { id, text } = await registry.latest(`t${s}-value`)
        const messages = values.map((value) => Buffer.from(encode(value)!).subarray(PREFIX_BYTES))
        const back = protoc.there(text, schema.name!, messages)
        for (const [i, message] of back.entries()) {
          const read = await ready(() => converter.decode(`t${s}`, behind(id, message)))
          const isKept = name === 'nothing' ? false : undefined
          expect(read.value).toEqual(
            asRead(schema, values[i]!, (field) => isKept ?? (name.startsWith('optional') || field.name === undefined)),
          )
        }
        expect(back).toHaveLength(VALUES)
      }
    },
    WITHIN_MS,
  )

  test(
    'files of others, in proto2 and proto3, are what it makes of them',
    async () => {
      using protoc = new Protoc()
      const random = new SeededRandom(5)
      const registry = await memoryRegistry()
      const reader = converterOn(registry)
      const writer = converterOn(registry, { 'auto.register.schemas': 'false', 'use.latest.version': 'true' })
      for (let f = 0; f < SCHEMAS; f++) {
        const text = randomFile(random)
        const id = await registered(registry, text, `t${f}-value`)
        const { root } = protobuf.parse(text, new protobuf.Root(), { keepCase: true })
        root.resolveAll()
        const peer = root.lookupType('of.peer.M0')
        const payloads = Array.from({ length: VALUES }, () =>
          Buffer.from(peer.encode(randomMessage(peer, random)).finish()),
        )
        const own: Buffer[] = []
        const expected = payloads.map((payload) => valueOf(peer, peer.decode(payload)))
        for (const [i, payload] of protoc.there(text, 'of.peer.M0', payloads).entries()) {
          const { schema, value } = await ready(() => reader.decode(`t${f}`, behind(id, payload)))
          expect(value).toEqual(expected[i])
          own.push(Buffer.from((await ready(() => writer.encoder(`t${f}`, schema)(value)))!).subarray(PREFIX_BYTES))
        }
        for (const [i, payload] of protoc.there(text, 'of.peer.M0', own).entries())
          expect((await ready(() => reader.decode(`t${f}`, behind(id, payload)))).value).toEqual(expected[i])
      }
    },
    WITHIN_MS,
  )
})
