import { describe, expect, test } from '@jest/globals'
import {
  API_VERSIONS,
  type ApiName,
  ProtocolError,
  type RequestInput,
  apiVersions,
  decodeRequestBody,
  decodeResponseBody,
  encodeRequestBody,
  encodeResponseBody,
  isFlexible,
  negotiateVersion,
} from '@sluice/kafka-protocol'
import fc from 'fast-check'

const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'

function codeOf(read: () => unknown): string {
  try {
    read()
    return 'accepted'
  } catch (error) {
    return error instanceof ProtocolError ? error.code : String(error)
  }
}

describe('facts of an API', () => {
  test('by name and by key', () => {
    expect(apiVersions('Fetch')).toMatchObject({
      key: 1,
      name: 'Fetch',
      minVersion: 4,
      maxVersion: 18,
      stableVersion: 18,
    })
    expect(apiVersions(22)).toMatchObject({ name: 'InitProducerId', maxVersion: 6, stableVersion: 5 })
    expect(apiVersions(9999)).toBeUndefined()
  })

  test('versions are negotiated to the highest stable one that both speak', () => {
    expect(negotiateVersion('Produce', { minVersion: 0, maxVersion: 99 })).toBe(13)
    expect(negotiateVersion('Produce', { minVersion: 0, maxVersion: 9 })).toBe(9)
    expect(negotiateVersion('Produce', { minVersion: 0, maxVersion: 13 }, 12)).toBe(12)
    expect(negotiateVersion('InitProducerId', { minVersion: 0, maxVersion: 6 })).toBe(5)
    expect(negotiateVersion('Produce', { minVersion: 0, maxVersion: 2 })).toBeUndefined()
    expect(negotiateVersion('Produce', { minVersion: 14, maxVersion: 20 })).toBeUndefined()
  })

  test('flexible versions', () => {
    expect([isFlexible('Metadata', 8), isFlexible('Metadata', 9), isFlexible('SaslHandshake', 1)]).toEqual([
      false,
      true,
      false,
    ])
  })

  test('a version or an API that is not in the table is refused by name', () => {
    expect(() => encodeRequestBody('Produce', 2, { acks: 1, timeoutMs: 1, topicData: [] })).toThrow(
      /Produce has versions 3-13, not 2/,
    )
    expect(codeOf(() => decodeRequestBody('Produce', 14, new Uint8Array(9)))).toBe('UNSUPPORTED_VERSION')
    expect(codeOf(() => decodeRequestBody('Nothing' as ApiName, 0, new Uint8Array(9)))).toBe('UNKNOWN_API')
  })
})

describe('fields that are left out', () => {
  test('take their defaults, and fields of other versions are there with theirs', () => {
    const bytes = encodeRequestBody('Metadata', 12, {})
    expect(decodeRequestBody('Metadata', 12, bytes)).toEqual({
      topics: null,
      allowAutoTopicCreation: true,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    })
    const old = encodeResponseBody('Fetch', 4, { responses: [{ topic: 't', partitions: [partition()] }] })
    expect(decodeResponseBody('Fetch', 4, old).responses[0]).toMatchObject({
      topicId: ZERO_UUID,
      partitions: [{ preferredReadReplica: -1, logStartOffset: -1, currentLeader: { leaderId: -1, leaderEpoch: -1 } }],
    })
  })

  test('a required field that is missing is named', () => {
    const body = { timeoutMs: 1, topicData: [] } as unknown as RequestInput<'Produce'>
    expect(() => encodeRequestBody('Produce', 9, body)).toThrow('Produce v9 request.acks is missing')
  })

  test('tagged fields at their default take no bytes, others come back', () => {
    const plain = encodeResponseBody('Fetch', 16, { responses: [] })
    const same = encodeResponseBody('Fetch', 16, { responses: [], nodeEndpoints: [] })
    expect(same).toEqual(plain)
    const nodeEndpoints = [{ nodeId: 3, host: 'h', port: 9092, rack: null }]
    const bytes = encodeResponseBody('Fetch', 16, { responses: [], nodeEndpoints })
    expect(decodeResponseBody('Fetch', 16, bytes).nodeEndpoints).toEqual(nodeEndpoints)
  })

  test('a decoded default belongs to its message alone', () => {
    const bytes = encodeRequestBody('Fetch', 4, { maxWaitMs: 1, minBytes: 1, topics: [] })
    decodeRequestBody('Fetch', 4, bytes).forgottenTopicsData.push({ topic: 't', topicId: ZERO_UUID, partitions: [] })
    expect(decodeRequestBody('Fetch', 4, bytes).forgottenTopicsData).toEqual([])
  })

  test('a field whose loss would change the meaning is refused by versions that lack it', () => {
    const body = { transactionalId: 't', groupId: 'g', producerId: 1, producerEpoch: 0, topics: [] }
    expect(codeOf(() => encodeRequestBody('TxnOffsetCommit', 2, { ...body, generationId: 3, memberId: 'm' }))).toBe(
      'UNSUPPORTED_VERSION',
    )
    expect(codeOf(() => encodeRequestBody('TxnOffsetCommit', 2, { ...body, generationId: -1, memberId: '' }))).toBe(
      'accepted',
    )
    expect(codeOf(() => encodeRequestBody('ListGroups', 3, { statesFilter: [], typesFilter: [] }))).toBe('accepted')
    expect(codeOf(() => encodeRequestBody('ListGroups', 3, { statesFilter: ['Stable'] }))).toBe('UNSUPPORTED_VERSION')
  })
})

describe('values that a type cannot carry are refused, never bent', () => {
  const produce = (change: object): (() => unknown) => {
    const body = { transactionalId: null, acks: 1, timeoutMs: 1, topicData: [], ...change } as RequestInput<'Produce'>
    return () => encodeRequestBody('Produce', 8, body)
  }

  test.each([
    ['an integer out of range', { acks: 32768 }, /acks must be an integer from -32768 to 32767, not the number 32768/],
    ['a fraction', { timeoutMs: 1.5 }, /timeoutMs/],
    ['text for a number', { timeoutMs: '1' }, /not the string 1/],
    ['null where it is not allowed', { topicData: null }, /topicData must be an array, not null/],
    ['an object for text', { transactionalId: {} }, /transactionalId must be a string or null, not an object/],
    ['text longer than two bytes of length say', { transactionalId: 'x'.repeat(32768) }, /32767/],
    [
      'something else than bytes for records',
      { topicData: [{ name: 't', partitionData: [{ index: 0, records: 'r' }] }] },
      /records/,
    ],
    ['no object for a struct', { topicData: [3] }, /topicData/],
  ])('%s', (_name, change, message) => {
    expect(produce(change)).toThrow(message)
    expect(codeOf(produce(change))).toBe('INVALID_MESSAGE')
  })

  test('64-bit values beyond 64 bits, and unsafe numbers', () => {
    for (const producerId of [2n ** 63n, -(2n ** 63n) - 1n, 2 ** 53, 0.5, Number.NaN]) {
      const body = { transactionalId: 't', producerId, producerEpoch: 0, committed: true }
      expect(codeOf(() => encodeRequestBody('EndTxn', 3, body))).toBe('INVALID_MESSAGE')
    }
  })

  test('a uuid that is not 22 characters of base64', () => {
    for (const topicId of ['', 'x', ZERO_UUID.slice(1), `${ZERO_UUID}A`, '!!!!!!!!!!!!!!!!!!!!!!']) {
      expect(codeOf(() => encodeRequestBody('Metadata', 12, { topics: [{ topicId, name: null }] }))).toBe(
        'INVALID_MESSAGE',
      )
    }
  })
})

describe('bytes that lie', () => {
  test('a count that the bytes cannot hold is refused before anything is allocated', () => {
    const bytes = Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0)
    expect(() => decodeRequestBody('Metadata', 0, bytes)).toThrow(
      /topics announces 2147483647 elements, 4 bytes are left/,
    )
    expect(codeOf(() => decodeRequestBody('Metadata', 12, Uint8Array.of(255, 255, 255, 255, 15, 1, 1)))).toBe(
      'MALFORMED',
    )
  })

  test('null where the version does not allow it', () => {
    expect(() => decodeRequestBody('FindCoordinator', 0, Uint8Array.of(255, 255))).toThrow(/key is null/)
  })

  test('bytes behind the message', () => {
    expect(codeOf(() => decodeRequestBody('ListGroups', 0, Uint8Array.of(1)))).toBe('MALFORMED')
  })

  test('a tagged field that is longer than its value', () => {
    const bytes = encodeRequestBody('ListGroups', 3, {})
    expect([...bytes]).toEqual([0])
    const unknownTag = Uint8Array.of(1, 99, 2, 7, 7)
    expect(decodeRequestBody('ListGroups', 3, unknownTag)).toEqual({ statesFilter: [], typesFilter: [] })
    expect(codeOf(() => decodeRequestBody('ListGroups', 3, Uint8Array.of(1, 99, 3, 7, 7)))).toBe('MALFORMED')
    // supportedFeatures (tag 0) of ApiVersions v3 is an empty array, one byte, but announces two.
    const answer = Uint8Array.of(0, 0, 1, 0, 0, 0, 0, 1, 0, 2, 1, 0)
    expect(() => decodeResponseBody('ApiVersions', 3, answer)).toThrow(/supportedFeatures is not 2 bytes long/)
  })

  test('random bytes are decoded or refused as malformed, by every API in every version', () => {
    const pick = fc
      .constantFrom(...API_VERSIONS)
      .chain((api) =>
        fc.tuple(
          fc.constant(api),
          fc.integer({ min: api.minVersion, max: api.maxVersion }),
          fc.uint8Array({ maxLength: 200 }),
        ),
      )
    fc.assert(
      fc.property(pick, fc.boolean(), ([api, version, bytes], isRequest) => {
        const decode = isRequest ? decodeRequestBody : decodeResponseBody
        expect(['accepted', 'MALFORMED']).toContain(codeOf(() => decode(api.name, version, bytes)))
      }),
      { numRuns: 2000 },
    )
  })
})

function partition(): object & {
  partitionIndex: number
  errorCode: number
  highWatermark: number
  lastStableOffset: number
  abortedTransactions: null
  records: null
} {
  return {
    partitionIndex: 0,
    errorCode: 0,
    highWatermark: 1,
    lastStableOffset: 1,
    abortedTransactions: null,
    records: null,
  }
}
