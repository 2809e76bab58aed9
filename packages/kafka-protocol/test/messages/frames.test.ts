import { describe, expect, test } from '@jest/globals'
import {
  correlationIdOf,
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  isUnsupportedApiVersions,
  unsupportedApiVersions,
} from '@sluice/kafka-protocol'

/** A frame as it arrives: without its size, which must be right. */
function received(chunks: readonly Uint8Array[]): Uint8Array {
  const frame = Buffer.concat(chunks)
  expect(frame.readInt32BE(0)).toBe(frame.length - 4)
  return frame.subarray(4)
}

const apiKeys = [{ apiKey: 18, minVersion: 0, maxVersion: 4 }]

describe('requests', () => {
  test.each([8, 9])(
    'a produce request v%i arrives as it was sent, and its batch was not copied on the way',
    (version) => {
      const records = Uint8Array.of(1, 2, 3)
      const body = {
        transactionalId: null,
        acks: -1,
        timeoutMs: 1000,
        topicData: [{ name: 'orders', partitionData: [{ index: 3, records }] }],
      }
      const frame = encodeRequest('Produce', version, { correlationId: 77, clientId: 'clíent' }, body)
      expect(frame.includes(records)).toBe(true)
      const request = decodeRequest(received(frame))
      expect(request).toMatchObject({
        api: 'Produce',
        version,
        correlationId: 77,
        clientId: 'clíent',
        body: { acks: -1 },
      })
      if (request.api !== 'Produce') throw new Error(request.api)
      const partition = request.body.topicData[0]!.partitionData[0]!
      expect([partition.index, [...partition.records!]]).toEqual([3, [1, 2, 3]])
    },
  )

  test('records may be given in several pieces', () => {
    const records = [Uint8Array.of(1, 2), Uint8Array.of(3)]
    const partitions = [
      { partitionIndex: 0, errorCode: 0, highWatermark: 3, lastStableOffset: 3, abortedTransactions: null, records },
    ]
    const frame = encodeResponse('Fetch', 12, 5, { responses: [{ topic: 't', partitions }] })
    expect(frame.includes(records[0]!)).toBe(true)
    const { body } = decodeResponse('Fetch', 12, received(frame))
    expect([...body.responses[0]!.partitions[0]!.records!]).toEqual([1, 2, 3])
  })

  test('a null client id stays null', () => {
    const frame = encodeRequest('ListGroups', 4, { correlationId: 1, clientId: null }, {})
    expect(decodeRequestHeader(received(frame)).clientId).toBeNull()
  })

  test('a client id that two bytes of length cannot say is refused', () => {
    const header = { correlationId: 1, clientId: 'x'.repeat(32768) }
    expect(() => encodeRequest('ListGroups', 4, header, {})).toThrow(/client id/)
  })

  test('bytes behind the body are ignored, as by Apache Kafka', () => {
    const frame = received(
      encodeRequest('ListGroups', 4, { correlationId: 1, clientId: null }, { statesFilter: ['Dead'] }),
    )
    expect(decodeRequest(Buffer.concat([frame, Buffer.of(1, 0, 0)]))).toEqual(decodeRequest(frame))
  })

  test('the header of a request that we do not know is still read', () => {
    const header = decodeRequestHeader(Uint8Array.of(127, 0, 0, 9, 0, 0, 0, 5, 0, 1, 0x63, 1, 2, 3))
    expect(header).toEqual({ apiKey: 32512, apiVersion: 9, correlationId: 5, clientId: 'c', bodyPosition: 11 })
    const unknown = Uint8Array.of(127, 0, 0, 9, 0, 0, 0, 5, 0, 0)
    expect(() => decodeRequest(unknown)).toThrow(expect.objectContaining({ code: 'UNKNOWN_API' }))
    const newer = Uint8Array.of(0, 16, 0, 99, 0, 0, 0, 5, 0, 0, 0)
    expect(() => decodeRequest(newer)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_VERSION' }))
  })
})

describe('responses', () => {
  test('flexible ones have a tagged header, ApiVersions never', () => {
    expect(received(encodeResponse('Heartbeat', 3, 258, { errorCode: 0 })).subarray(0, 5)).toEqual(
      Buffer.from([0, 0, 1, 2, 0]),
    )
    expect(received(encodeResponse('Heartbeat', 4, 258, { errorCode: 9 }))).toHaveLength(4 + 1 + 4 + 2 + 1)
    expect(received(encodeResponse('ApiVersions', 3, 258, { errorCode: 0, apiKeys: [] }))).toHaveLength(
      4 + 2 + 1 + 4 + 1,
    )
    expect(correlationIdOf(received(encodeResponse('Heartbeat', 4, 258, { errorCode: 0 })))).toBe(258)
  })

  test('tags in a header are skipped', () => {
    const body = Uint8Array.of(0, 0, 0, 7, 1, 200, 1, 2, 9, 9, 0, 0, 0, 0, 0, 3, 0)
    expect(decodeResponse('Heartbeat', 4, body)).toEqual({
      correlationId: 7,
      version: 4,
      body: { throttleTimeMs: 0, errorCode: 3 },
    })
  })
})

describe('ApiVersions before versions are known (KIP-511)', () => {
  test('a broker recognises a version that it lacks, and reads who asks', () => {
    const frame = Uint8Array.of(0, 18, 0, 99, 0, 0, 0, 5, 0, 1, 0x63, 0, 1, 2, 3)
    const header = decodeRequestHeader(frame)
    expect(header).toMatchObject({ apiKey: 18, apiVersion: 99, correlationId: 5, clientId: 'c' })
    expect(isUnsupportedApiVersions(header)).toBe(true)
    expect(isUnsupportedApiVersions({ ...header, apiVersion: 4 })).toBe(false)
    expect(isUnsupportedApiVersions({ ...header, apiKey: 3 })).toBe(false)
  })

  test('its answer is version 0 with error 35, and a client that asked in any version reads it', () => {
    const frame = received(unsupportedApiVersions(5, apiKeys))
    for (const version of [1, 3, 4]) {
      expect(decodeResponse('ApiVersions', version, frame)).toMatchObject({
        correlationId: 5,
        version: 0,
        body: { errorCode: 35, apiKeys },
      })
    }
  })

  test('an answer in the version that was asked is read in it, also with error 35', () => {
    for (const errorCode of [0, 35]) {
      const frame = received(encodeResponse('ApiVersions', 3, 5, { errorCode, apiKeys, finalizedFeaturesEpoch: 8 }))
      expect(decodeResponse('ApiVersions', 3, frame)).toMatchObject({
        version: 3,
        body: { errorCode, finalizedFeaturesEpoch: 8 },
      })
    }
  })
})
