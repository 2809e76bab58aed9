import { describe, expect, it } from '@jest/globals'
import { CommittedOffsets, type CommittedOffset, offsetRecord, readOffset } from '../../src/groups/committed-offsets.ts'
import { isExpired } from '../../src/groups/expiry.ts'
import { groupRecord, readGroupRecord } from '../../src/groups/records.ts'

function offset(at: number, recordOffset = 0): CommittedOffset {
  return {
    offset: at,
    leaderEpoch: 3,
    metadata: 'm',
    commitTimestamp: 1_000,
    expireTimestamp: -1,
    topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
    recordOffset,
  }
}

/** Hexadecimal digits, with blanks between fields. */
function hex(text: string): string {
  return text.replaceAll(' ', '')
}

describe('offsets of an open transaction', () => {
  it('count when it is committed', () => {
    const offsets = new CommittedOffsets()
    offsets.setPending(7, 't', 0, offset(5))
    expect([offsets.get('t', 0), offsets.isUnstable('t', 0), offsets.isUnstable('t', 1)]).toEqual([
      undefined,
      true,
      false,
    ])
    offsets.end(7, true)
    expect([offsets.get('t', 0)?.offset, offsets.isUnstable('t', 0)]).toEqual([5, false])
  })

  it('are forgotten when it is aborted', () => {
    const offsets = new CommittedOffsets()
    offsets.setPending(7, 't', 0, offset(5))
    offsets.end(7, false)
    expect(offsets.isEmpty).toBe(true)
  })

  it('of another producer stay pending', () => {
    const offsets = new CommittedOffsets()
    offsets.setPending(7, 't', 0, offset(5, 1))
    offsets.setPending(8, 't', 0, offset(6, 2))
    offsets.end(8, true)
    expect([offsets.get('t', 0)?.offset, offsets.isUnstable('t', 0)]).toEqual([6, true])
  })

  it('do not put back an offset that was committed after them', () => {
    const offsets = new CommittedOffsets()
    offsets.setPending(7, 't', 0, offset(5, 1))
    offsets.set('t', 0, offset(9, 2))
    offsets.end(7, true)
    expect(offsets.get('t', 0)?.offset).toBe(9)
  })

  it('are deleted with the partition', () => {
    const offsets = new CommittedOffsets()
    offsets.setPending(7, 't', 0, offset(5))
    offsets.delete('t', 0)
    offsets.end(7, true)
    expect(offsets.isEmpty).toBe(true)
  })

  it('get tombstones too', () => {
    const offsets = new CommittedOffsets()
    offsets.set('t', 0, offset(5))
    offsets.setPending(7, 't', 1, offset(5))
    expect(offsets.tombstones('g', 't')).toHaveLength(2)
    expect(offsets.tombstones('g', 't', new Set([1, 9]))).toHaveLength(1)
  })
})

describe('the retention of an offset', () => {
  it('begins when it is unused', () => {
    expect(isExpired(offset(1), 5_000, 14_999, 10_000)).toBe(false)
    expect(isExpired(offset(1), 5_000, 15_000, 10_000)).toBe(true)
    expect(isExpired(offset(1), null, 1e12, 10_000)).toBe(false)
  })

  it('is the one that an old client asked for', () => {
    const own = { ...offset(1), expireTimestamp: 7_000 }
    expect([isExpired(own, 1, 6_999, 1), isExpired(own, 1, 7_000, 1e9)]).toEqual([false, true])
  })
})

describe('a record of __consumer_offsets', () => {
  it('has the bytes that Kafka writes for an offset', () => {
    const { key, value } = offsetRecord('g', 't', 2, offset(5))
    expect(Buffer.from(key!).toString('hex')).toBe(hex('0001 000167 000174 00000002'))
    expect(Buffer.from(value!).toString('hex')).toBe(hex('0004 0000000000000005 00000003 026d 00000000000003e8 00'))
  })

  it('keeps an expiry of its own in version 1', () => {
    const { key, value } = offsetRecord('g', 't', 2, { ...offset(5), expireTimestamp: 9 })
    expect(Buffer.from(value!).readInt16BE()).toBe(1)
    const record = readGroupRecord(key!, value)!
    if (record.kind !== 'offset') throw new TypeError(record.kind)
    expect(readOffset(record.value!, 0)).toEqual({ ...offset(5), expireTimestamp: 9, leaderEpoch: -1 })
  })

  it('has the bytes that Kafka writes for a group without members', () => {
    const value = {
      protocolType: 'consumer',
      generation: 3,
      protocol: null,
      leader: null,
      currentStateTimestamp: 9,
      members: [],
    }
    const record = groupRecord('classicGroup', { group: 'g' }, value)
    expect(Buffer.from(record.key!).toString('hex')).toBe('0002000167')
    expect(Buffer.from(record.value!).toString('hex')).toBe(
      hex('0003 0008636f6e73756d6572 00000003 ffff ffff 0000000000000009 00000000'),
    )
  })

  it('of a kind that is not kept here is passed over', () => {
    expect(readGroupRecord(Buffer.from('0011000167', 'hex'), Buffer.from('0000', 'hex'))).toBeUndefined()
  })
})
