import { describe, expect, test } from '@jest/globals'
import { partitionForKey } from '@sluice/kafka'
import { DataError } from '@sluice/sdk'
import { KnownPositions } from '../../src/positions/known-positions.ts'
import { canonicalKey, parsePositionKey, positionKey, positionText } from '../../src/positions/position-store.ts'

/** Positions as they were read: key, value, when. */
function reading(...records: readonly (readonly [string, string | null, number?])[]): KnownPositions {
  const known = new KnownPositions()
  for (const [offset, [key, value, timestamp = offset]] of records.entries()) {
    const partition = partitionForKey(Buffer.from(key), 25)
    known.apply({
      key: Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
      partition,
      offset,
      timestamp,
    })
  }
  return known
}

const text = (known: KnownPositions, partition: Readonly<Record<string, string>>): string | null => {
  const value = known.get('c', partition)?.value ?? null
  return value === null ? null : Buffer.from(value).toString()
}

const AB = '["c",{"a":"1","b":"2"}]'
const BA = '["c",{"b":"2","a":"1"}]'
const PARTITION = { a: '1', b: '2' }

describe('keys', () => {
  test('are Kafka Connect’s, fields in the order of a Java HashMap', () => {
    expect(positionKey('c', { protocol: '1', table: 'x' })).toBe('["c",{"protocol":"1","table":"x"}]')
    expect(positionKey('c', { table: 'x', protocol: '1' })).toBe('["c",{"protocol":"1","table":"x"}]')
    expect(positionKey('c', { filename: 'a b"c', n: 7, at: null })).toBe('["c",{"filename":"a b\\"c","at":null,"n":7}]')
    expect(positionKey('😀', { f: 'é' })).toBe('["\\uD83D\\uDE00",{"f":"é"}]')
  })

  test('are told apart by what they say, not by the order of their fields', () => {
    expect(canonicalKey('c', { a: '1', b: '2' })).toBe(canonicalKey('c', { b: '2', a: '1' }))
    expect(canonicalKey('c', { a: '1' })).not.toBe(canonicalKey('c', { a: 1 }))
    expect(canonicalKey('c', { a: 9007199254740993n })).not.toBe(canonicalKey('c', { a: '9007199254740993' }))
    expect(canonicalKey('c', { a: 9007199254740993n })).not.toBe(canonicalKey('c', { a: 9007199254740992n }))
  })

  test('keep integers of 64 bits', () => {
    const key = '["c",{"id":9007199254740993}]'
    const { connector, partition } = parsePositionKey(key)!
    expect(partition).toEqual({ id: 9007199254740993n })
    expect(positionKey(connector, partition)).toBe(key)
  })

  test('the text of a partition keeps them too, and is otherwise that of JSON', () => {
    expect(positionText({ id: 9007199254740993n, f: 'x' })).toBe('{"id":9007199254740993,"f":"x"}')
    expect(positionText({ b: '2', a: 1.5, '10': null })).toBe(JSON.stringify({ b: '2', a: 1.5, '10': null }))
  })

  test.each(['', '{', '[]', '["c"]', '["c",{},1]', '[7,{}]', '["c",null]', '["c",[]]', '["c","x"]'])(
    'what is none is said to be none: %s',
    (key) => {
      expect(parsePositionKey(key)).toBeNull()
      expect(() => reading([key, '{}'])).toThrow(DataError)
    },
  )
})

describe('a position', () => {
  test('is found whatever the order of its fields, and written under the bytes that are there', () => {
    for (const key of [AB, BA]) {
      const known = reading([key, '{"n":1}'])
      expect(text(known, { b: '2', a: '1' })).toBe('{"n":1}')
      const [entry, ...more] = known.entries('c', PARTITION, Buffer.from('{}'), 25)
      expect(Buffer.from(entry!.key).toString()).toBe(key)
      expect(entry!.partition).toBe(partitionForKey(Buffer.from(key), 25))
      expect(more).toEqual([])
    }
  })

  test('under two keys is the later one, and is written under that', () => {
    const known = reading([AB, '{"n":1}', 10], [BA, '{"n":2}', 20], [AB, '{"n":0}', 5])
    // Within one key the log decides, whatever the clocks said.
    expect(text(known, PARTITION)).toBe('{"n":2}')
    expect(Buffer.from(known.entries('c', PARTITION, Buffer.from('{}'), 25)[0]!.key).toString()).toBe(BA)
    expect(text(reading([BA, '{"n":2}', 20], [AB, '{"n":1}', 10]), PARTITION)).toBe('{"n":2}')
    expect(text(reading([BA, '{"n":2}', 20], [BA, '{"n":3}', 10]), PARTITION)).toBe('{"n":3}')
  })

  test('under two keys is forgotten under both', () => {
    for (const known of [
      reading([AB, '{"n":1}', 10], [BA, '{"n":2}', 20]),
      reading([BA, '{"n":2}', 20], [AB, '{"n":1}', 10]),
    ]) {
      const keys = known.entries('c', PARTITION, null, 25).map(({ key }) => Buffer.from(key).toString())
      expect(keys).toEqual([BA, AB])
    }
  })

  test('that was forgotten is not there, and keeps its key', () => {
    const known = reading([BA, '{"n":1}'], [BA, null])
    expect(text(known, PARTITION)).toBeNull()
    expect(Buffer.from(known.entries('c', PARTITION, Buffer.from('{}'), 25)[0]!.key).toString()).toBe(BA)
  })
})
