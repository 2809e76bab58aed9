import { describe, expect, test } from '@jest/globals'
import { fetcherOptions, producerLimits } from '../src/clients.ts'

describe('a producer’s settings', () => {
  test('in the port’s words; dead letters may be larger than records by what is said about them', () => {
    const { options, recordBytesMax } = producerLimits({
      'compression.type': 'zstd',
      'batch.size': '16384',
      'linger.ms': '5',
      'buffer.memory': '4000000',
      'max.request.size': '2000000',
      'delivery.timeout.ms': '9000',
      'request.timeout.ms': '800',
    })
    expect(recordBytesMax).toBe(2_000_000)
    expect(options).toEqual({
      compression: 'zstd',
      batchBytesMax: 16_384,
      lingerMs: 5,
      bufferBytesMax: 4_131_072,
      requestBytesMax: 2_131_072,
      deliveryTimeoutMs: 9000,
      inFlightMax: 5,
      requestTimeoutMs: 800,
    })
  })

  test('without any are Kafka’s, but for larger batches', () => {
    const { options, recordBytesMax } = producerLimits({})
    expect(options).toMatchObject({
      compression: 'none',
      batchBytesMax: 262_144,
      lingerMs: 0,
      deliveryTimeoutMs: 120_000,
    })
    expect(recordBytesMax).toBe(1_048_576)
  })

  test('batches of Kafka’s smallest sizes are taken, and made at the smallest there is', () => {
    expect(producerLimits({ 'batch.size': '0' }).options.batchBytesMax).toBe(1024)
  })

  test('all that is wrong is said at once', () => {
    const wrong = { 'compression.type': 'zip', 'batch.size': '-1', 'linger.ms': 'soon' }
    expect(() => producerLimits(wrong)).toThrow(/compression\.type.*\n.*batch\.size.*\n.*linger\.ms/)
  })

  test('memory must hold at least one batch and one record', () => {
    expect(() => producerLimits({ 'buffer.memory': '1000000' })).toThrow(
      /1000000 for configuration buffer\.memory.*1048576/,
    )
  })
})

test('a fetcher’s settings, in the port’s words', () => {
  const settings = {
    'isolation.level': 'read_committed',
    'fetch.max.bytes': '5',
    'max.partition.fetch.bytes': '4',
    'fetch.max.wait.ms': '3',
    'fetch.min.bytes': '2',
    'auto.offset.reset': 'latest',
  }
  const options = {
    isolation: 'read_committed',
    bytesMax: 5,
    partitionBytesMax: 4,
    maxWaitMs: 3,
    minBytes: 2,
    reset: 'latest',
  }
  expect(fetcherOptions(settings)).toEqual({ ...options, pollBytesMax: 524_288 })
  expect(fetcherOptions({})).toMatchObject({ isolation: 'read_uncommitted', reset: 'earliest' })
  expect(() => fetcherOptions({ 'auto.offset.reset': 'newest' })).toThrow(/auto\.offset\.reset/)
})
