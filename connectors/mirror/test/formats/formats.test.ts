import { describe, expect, test } from '@jest/globals'
import { checkpointKey, checkpointPartition, checkpointValue, readCheckpoint } from '../../src/formats/checkpoint.ts'
import { heartbeatKey, heartbeatPartition, heartbeatValue, readHeartbeat } from '../../src/formats/heartbeat.ts'
import { offsetSyncRecord, readOffsetSync } from '../../src/formats/offset-sync.ts'

// The bytes are those that OffsetSync, Checkpoint and Heartbeat of connect-mirror 4.3.1 make.

describe('an offset sync', () => {
  const KEY = '00066f726465727300000007'
  const VALUE = '0000011f71fb04cb000000000000002a'

  test('is to Java the place of the last record that it tells of', () => {
    const runs = [
      { upstream: 5, downstream: 0, count: 1 },
      { upstream: 1234567890120, downstream: 39, count: 4 },
    ]
    const record = offsetSyncRecord('syncs', { topic: 'orders', partition: 7, runs })
    expect(record).toMatchObject({ topic: 'syncs', partition: 0 })
    expect(Buffer.from(record.key!).toString('hex')).toBe(KEY)
    expect(Buffer.from(record.value!).toString('hex')).toBe(VALUE)
    expect(readOffsetSync(record.key!, record.value!, record.headers)).toEqual({ topic: 'orders', partition: 7, runs })
  })

  test('of Java tells of one record', () => {
    const read = readOffsetSync(Buffer.from(KEY, 'hex'), Buffer.from(VALUE, 'hex'), null)
    const runs = [{ upstream: 1234567890123, downstream: 42, count: 1 }]
    expect(read).toEqual({ topic: 'orders', partition: 7, runs })
  })

  test('that is cut off is no sync', () => {
    const [key, value] = [Buffer.from(KEY, 'hex'), Buffer.from(VALUE, 'hex')]
    expect(() => readOffsetSync(key.subarray(0, 11), value, null)).toThrow('The bytes end where 4 more are to come')
    expect(() => readOffsetSync(key, value.subarray(0, 9), null)).toThrow('The bytes end where 8 more are to come')
    const headers = [{ key: 'sluice.runs', value: Buffer.alloc(23) }]
    expect(() => readOffsetSync(key, value, headers)).toThrow('The bytes end where 8 more are to come')
  })
})

describe('a checkpoint', () => {
  const checkpoint = {
    group: 'zählers',
    topic: 'source.orders',
    partition: 3,
    upstreamOffset: 100,
    downstreamOffset: 98,
    metadata: 'note',
  }
  const KEY = '00087ac3a4686c657273000d736f757263652e6f726465727300000003'
  const VALUE = '00000000000000000064000000000000006200046e6f7465'

  test('is what Java writes and reads', () => {
    expect(checkpointKey(checkpoint).toString('hex')).toBe(KEY)
    expect(checkpointValue(checkpoint).toString('hex')).toBe(VALUE)
    expect(readCheckpoint(Buffer.from(KEY, 'hex'), Buffer.from(VALUE, 'hex'))).toEqual(checkpoint)
  })

  test('has the source partition of Java, its names in the order of Java', () => {
    expect(JSON.stringify(checkpointPartition(checkpoint))).toBe(
      '{"partition":3,"topic":"source.orders","group":"zählers"}',
    )
  })

  test('of another version is not guessed at', () => {
    const value = Buffer.from(VALUE, 'hex')
    value[1] = 1
    expect(() => readCheckpoint(Buffer.from(KEY, 'hex'), value)).toThrow('A checkpoint of version 1 cannot be read')
  })
})

test('a heartbeat is what Java writes and reads', () => {
  const heartbeat = { source: 'a', target: 'bé', timestamp: 1_700_000_000_000 }
  expect(heartbeatKey(heartbeat).toString('hex')).toBe('000161000362c3a9')
  expect(heartbeatValue(heartbeat).toString('hex')).toBe('00000000018bcfe56800')
  expect(readHeartbeat(heartbeatKey(heartbeat), heartbeatValue(heartbeat))).toEqual(heartbeat)
  expect(JSON.stringify(heartbeatPartition(heartbeat))).toBe('{"sourceClusterAlias":"a","targetClusterAlias":"bé"}')
})
