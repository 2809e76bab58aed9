/** Bytes of Kafka Streams 4.3.1: vectors/streams/formats.json, and the records of changelogs.json read and written again. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { partitionForKey } from '@sluice/kafka'
import { Serdes } from '../../../src/serdes.ts'
import { readBufferValue, writeBufferValue } from '../../../src/state/formats/buffer-value.ts'
import { readChange, writeChange } from '../../../src/state/formats/change-value.ts'
import {
  combinedKeySerde,
  subscriptionResponseSerde,
  subscriptionSerde,
} from '../../../src/state/formats/foreign-key.ts'
import { murmur3 } from '../../../src/state/formats/murmur3.ts'
import { readOffsetMetadata, writeOffsetMetadata } from '../../../src/state/formats/offset-metadata.ts'
import {
  outerJoinKey,
  outerJoinValue,
  readOuterJoinKey,
  readOuterJoinValue,
} from '../../../src/state/formats/outer-join.ts'
import {
  readSessionKey,
  readWindowedKey,
  readWindowStoreKey,
  sessionKey,
  windowStoreKey,
} from '../../../src/state/formats/windowed-keys.ts'
import { sessionWindowedSerde, timeWindowedSerde } from '../../../src/state/formats/windowed-serdes.ts'
import type { Serde } from '../../../src/serde.ts'

const folder = process.env['VECTORS'] ?? new URL('../../../../e2e/vectors', import.meta.url).pathname

function load(name: string): unknown {
  return (JSON.parse(readFileSync(`${folder}/streams/${name}.json`, 'utf8')) as { readonly cases: unknown }).cases
}

interface Formats {
  readonly windowedKeys: readonly {
    readonly key: string
    readonly start: number
    readonly end: number
    readonly timeWindowedOnTopic: string
    readonly sessionWindowedOnTopic: string
    readonly windowStoreKeySeq0: string
    readonly windowStoreKeySeq7: string
    readonly sessionStoreKey: string
    readonly partitionOf12ByInnerKey: number
  }[]
  readonly committedOffsetMetadata: readonly {
    readonly partitionTime: number
    readonly processorMetadata: Readonly<Record<string, number>>
    readonly offsetMetadata: string
  }[]
  readonly murmur3_128: readonly { readonly text: string; readonly high: string; readonly low: string }[]
}

interface ChangelogCase {
  readonly topology: string
  readonly topics: Readonly<Record<string, readonly { readonly key: string; readonly value: string | null }[]>>
}

const formats = load('formats') as Formats

describe.each(formats.windowedKeys)('the key $key from $start to $end', (vector) => {
  const { key, start, end } = vector
  const bytes = Buffer.from(key)
  const window = { key, start, end }

  test('is written and read on topics as Kafka Streams does', () => {
    const time = timeWindowedSerde(Serdes.string, end - start)
    expect(written(time, window)).toBe(vector.timeWindowedOnTopic)
    expect(read(time, vector.timeWindowedOnTopic)).toEqual(window)
    const session = sessionWindowedSerde(Serdes.string)
    expect(written(session, window)).toBe(vector.sessionWindowedOnTopic)
    expect(read(session, vector.sessionWindowedOnTopic)).toEqual(window)
  })

  test('is written and read in stores as Kafka Streams does', () => {
    expect(base64(windowStoreKey(bytes, start, 0))).toBe(vector.windowStoreKeySeq0)
    expect(base64(windowStoreKey(bytes, start, 7))).toBe(vector.windowStoreKeySeq7)
    expect(base64(sessionKey(bytes, start, end))).toBe(vector.sessionStoreKey)
    const windowKey = readWindowStoreKey(bytesOf(vector.windowStoreKeySeq7))
    expect({ ...windowKey, key: text(windowKey.key) }).toEqual({ key, start, sequence: 7 })
    const session = readSessionKey(bytesOf(vector.sessionStoreKey))
    expect({ ...session, key: text(session.key) }).toEqual({ key, start, end })
  })

  test('goes to the partition of its inner key', () => {
    const { key: inner } = readWindowedKey(bytesOf(vector.timeWindowedOnTopic))
    expect(partitionForKey(Buffer.from(inner), 12)).toBe(vector.partitionOf12ByInnerKey)
  })
})

test.each(formats.committedOffsetMetadata)('what is committed with an offset: $offsetMetadata', (vector) => {
  const metadata = {
    partitionTime: vector.partitionTime,
    processors: new Map(Object.entries(vector.processorMetadata)),
  }
  expect(writeOffsetMetadata(metadata)).toBe(vector.offsetMetadata)
  expect(readOffsetMetadata(vector.offsetMetadata)).toEqual(metadata)
})

test.each(formats.murmur3_128)('the hash of “$text”', ({ text, high, low }) => {
  const hash = murmur3(Buffer.from(text))
  expect([hash.readBigInt64BE(0), hash.readBigInt64BE(8)].map(String)).toEqual([high, low])
})

describe('records of internal topics, read and written again, are the same bytes', () => {
  const records = (load('changelogs') as readonly ChangelogCase[]).flatMap((one) =>
    Object.entries(one.topics).flatMap(([topic, all]) =>
      all.map((record) => ({ topology: one.topology, topic, ...record })),
    ),
  )
  const of = (part: RegExp, atLeast: number): typeof records => {
    const found = records.filter((record) => part.test(record.topic))
    expect(found.length).toBeGreaterThanOrEqual(atLeast)
    return found
  }
  const values = (part: RegExp, atLeast: number): string[] =>
    of(part, atLeast).flatMap(({ value }) => (value === null ? [] : [value]))

  test('subscriptions of foreign-key joins, their answers, and the keys they are stored under', () => {
    const subscription = subscriptionSerde(Serdes.string)
    for (const value of values(/SUBSCRIPTION-(REGISTRATION|STATE)/, 15)) roundTrip(subscription, value)
    const response = subscriptionResponseSerde(Serdes.string)
    for (const value of values(/SUBSCRIPTION-RESPONSE/, 8)) roundTrip(response, value)
    const combined = combinedKeySerde(Serdes.string, Serdes.string)
    for (const { key } of of(/SUBSCRIPTION-STATE/, 8)) roundTrip(combined, key)
    expect(read(combined, base64(Buffer.from('0000000266317031', 'hex')))).toEqual({
      foreignKey: 'f1',
      primaryKey: 'p1',
    })
  })

  test('the hash in a subscription is that of the left value', () => {
    const [value] = values(/SUBSCRIPTION-REGISTRATION/, 1)
    const { hash, instruction, primaryKey, primaryPartition } = read(subscriptionSerde(Serdes.string), value!)
    expect(base64(hash!)).toBe(base64(murmur3(Buffer.from('f1,2'))))
    expect([instruction, primaryKey, primaryPartition]).toEqual(['propagateOnlyIfForeignValue', 'p1', 0])
  })

  test('the store that outer joins share', () => {
    for (const { key, value } of of(/OUTERSHARED/, 7)) {
      const { timestamp, side, key: inner } = readOuterJoinKey(bytesOf(key))
      expect(base64(outerJoinKey(timestamp, side, inner))).toBe(key)
      if (value !== null) expect(base64(outerJoinValue(side, readOuterJoinValue(bytesOf(value))))).toBe(value)
    }
  })

  test('what suppression and joins with grace hold back', () => {
    for (const value of values(/SUPPRESS-STATE-STORE|Buffer-changelog/, 16)) {
      const { time, ...buffered } = readBufferValue(bytesOf(value))
      expect(base64(writeBufferValue(buffered, time))).toBe(value)
    }
  })

  test('changes of grouped tables', () => {
    for (const value of values(/KTABLE-AGGREGATE.*repartition/, 5)) {
      const { newValue, oldValue } = readChange(bytesOf(value))
      expect(base64(writeChange(newValue, oldValue))).toBe(value)
      // Each part is a value of its own: `colour,number`.
      for (const part of [newValue, oldValue])
        if (part !== null) expect(Buffer.from(part).toString()).toMatch(/^\w+,\d$/)
    }
  })
})

test('a change of two long values is written with twice the length of the new one in seven bits a byte', () => {
  const newValue = Buffer.alloc(300, 'n')
  const bytes = writeChange(newValue, Buffer.of(1))
  expect([...bytes.subarray(0, 2)]).toEqual([0xd8, 0x04])
  expect(readChange(bytes)).toEqual({ newValue, oldValue: Buffer.of(1) })
})

test.each([
  ['a change', () => readChange(Buffer.of(9, 9, 2))],
  ['a change of nothing', () => readChange(Buffer.alloc(0))],
  ['a buffered record', () => readBufferValue(Buffer.alloc(20))],
  ['a list of values', () => readOuterJoinValue(Buffer.of(1, 0, 0, 0, 1, 0, 0, 0, 9, 1))],
  ['a committed text', () => readOffsetMetadata('Ag==')],
  ['a combined key', () => read(combinedKeySerde(Serdes.string, Serdes.string), base64(Buffer.of(0, 0, 0, 9, 1)))],
  ['an answer of a later version', () => read(subscriptionResponseSerde(Serdes.string), base64(Buffer.of(7)))],
])('%s that is torn is refused as bad data', (_, reads) => {
  expect(reads).toThrow(expect.objectContaining({ code: 'DATA_INVALID' }))
})

function written<T>(serde: Serde<T>, value: T): string {
  return base64(serde.converter.encoder('t', serde.schema)(value as never)!)
}

function read<T>(serde: Serde<T>, text: string): T {
  return serde.converter.decode('t', bytesOf(text)).value as T
}

function roundTrip<T>(serde: Serde<T>, text: string): void {
  expect(written(serde, read(serde, text))).toBe(text)
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'base64')
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}
