import { expect, test } from '@jest/globals'
import { consumerAssignment, consumerSubscription, dataCodec } from '@sluice/kafka-protocol'

const ownedPartitions = [{ topic: 'orders', partitions: [0, 2] }]

test.each([0, 1, 2, 3])('a subscription v%i comes back with what the version carries', (version) => {
  const bytes = consumerSubscription.encode(version, {
    topics: ['orders'],
    userData: Uint8Array.of(1),
    ownedPartitions,
    generationId: 5,
    rackId: 'r1',
  })
  expect(consumerSubscription.decode(bytes)).toEqual({
    version,
    body: {
      topics: ['orders'],
      userData: Uint8Array.of(1),
      ownedPartitions: version >= 1 ? ownedPartitions : [],
      generationId: version >= 2 ? 5 : -1,
      rackId: version >= 3 ? 'r1' : null,
    },
  })
})

test('an assignment is the bytes that Java writes', () => {
  const bytes = consumerAssignment.encode(0, { assignedPartitions: ownedPartitions })
  expect(Buffer.from(bytes).toString('hex')).toBe(
    ['0000', '00000001', '00066f7264657273', '00000002', '00000000', '00000002', 'ffffffff'].join(''),
  )
  expect(consumerAssignment.decode(bytes).body).toEqual({ assignedPartitions: ownedPartitions, userData: null })
})

test('a newer version is read as the highest known one, and what it added is ignored', () => {
  const bytes = Buffer.concat([consumerAssignment.encode(3, { assignedPartitions: [] }), Uint8Array.of(1, 2, 3)])
  bytes.writeInt16BE(9, 0)
  expect(consumerAssignment.decode(bytes)).toEqual({ version: 9, body: { assignedPartitions: [], userData: null } })
})

test('bytes that are cut off, a negative version and a version that cannot be written are refused', () => {
  const bytes = consumerSubscription.encode(3, { topics: ['orders'] })
  for (let length = 0; length < bytes.length; length++) {
    expect(() => consumerSubscription.decode(bytes.subarray(0, length))).toThrow(
      expect.objectContaining({ code: 'MALFORMED' }),
    )
  }
  expect(() => consumerSubscription.decode(Uint8Array.of(255, 255))).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED_VERSION' }),
  )
  expect(() => consumerSubscription.encode(4, { topics: [] })).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED_VERSION' }),
  )
})

test('other data can be described in the same notation', () => {
  const codec = dataCodec('Place', {
    versions: '0-1',
    flexible: '1+',
    fields: { shard: 'int32', names: '[]string 1+' },
  })
  expect(codec.decode(codec.encode(1, { shard: 7, names: ['a'] }))).toEqual({
    version: 1,
    body: { shard: 7, names: ['a'] },
  })
  const wrong = dataCodec('Wrong', { versions: '0', flexible: 'none', fields: { shard: 'int33' } })
  expect(() => wrong.encode(0, {} as never)).toThrow(/Wrong v0.shard: 'int33' is not a type/)
})
