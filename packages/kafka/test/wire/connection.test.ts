import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type SluiceError, systemClock } from '@sluice/sdk'
import { Connection, type ConnectionOptions } from '../../src/wire/connection.ts'
import { dialPlain } from '../../src/wire/dial.ts'
import { FakeCluster, fullRange } from '../fake/fake-cluster.ts'

const options: ConnectionOptions = {
  clientId: 'test',
  connectTimeoutMs: 30_000,
  requestTimeoutMs: 30_000,
  dial: dialPlain,
  clock: systemClock,
}
const metadata = { topics: [], allowAutoTopicCreation: false }

let cluster: FakeCluster
let connection: Connection | undefined
const open = async (): Promise<Connection> => {
  connection = await Connection.open('broker 1', { host: '127.0.0.1', port: cluster.brokers[0]!.port }, options)
  return connection
}
const refusal = (work: Promise<unknown>): Promise<SluiceError> =>
  work.then(
    () => Promise.reject(new Error('was not refused')),
    (error: SluiceError) => error,
  )

beforeEach(async () => {
  cluster = await FakeCluster.start()
})
afterEach(async () => {
  connection?.close()
  await cluster.stop()
})

describe('versions', () => {
  test('the highest that both sides and the caller speak', async () => {
    cluster.versions.set('Fetch', { minVersion: 4, maxVersion: 15 })
    const found = await open()
    expect(found.version('Fetch')).toBe(15)
    expect(found.version('Fetch', { highest: 12 })).toBe(12)
    expect(found.version('Metadata')).toBe(fullRange('Metadata').maxVersion)
  })

  test('a broker that does not know our ApiVersions is asked again in its own version', async () => {
    cluster.versions.set('ApiVersions', { minVersion: 0, maxVersion: 2 })
    const found = await open()
    expect(cluster.requests.map(({ api, version }) => [api, version])).toEqual([['ApiVersions', 2]])
    expect(found.version('Produce')).toBe(fullRange('Produce').maxVersion)
  })

  test('a version that the broker lacks is an error that says what it has', async () => {
    cluster.versions.set('Produce', { minVersion: 0, maxVersion: 7 })
    const found = await open()
    const error = (() => {
      try {
        return found.version('Produce', { lowest: 9 })
      } catch (thrown) {
        return thrown
      }
    })()
    expect(error).toMatchObject({ code: 'KAFKA_REFUSED', place: { error: 'UNSUPPORTED_VERSION' } })
    expect((error as SluiceError).message).toMatch(
      /Produce in version 9.*broker 1 at 127\.0\.0\.1:\d+ has versions 0 to 7/,
    )
  })
})

describe('requests', () => {
  test('may wait for each other and are answered in order', async () => {
    const found = await open()
    cluster.failNext('Metadata', { do: 'delay', ms: 50 })
    const answers = await Promise.all(Array.from({ length: 20 }, () => found.send('Metadata', 12, metadata)))
    expect(answers.map(({ clusterId }) => clusterId)).toEqual(Array.from({ length: 20 }, () => 'fake'))
  })

  test('that are not answered in time end the connection; the others may be sent again', async () => {
    const found = await open()
    cluster.failNext('Metadata', { do: 'mute' })
    const [late, behind] = [found.send('Metadata', 12, metadata, 100), found.send('Metadata', 12, metadata)]
    const outcomes = await Promise.all([refusal(late), refusal(behind)])
    expect(outcomes[0]).toMatchObject({ code: 'KAFKA_TIMEOUT', retriable: true })
    expect(outcomes[0].message).toMatch(/broker 1 at .* did not answer Metadata within 100 ms/)
    expect(outcomes[1]).toMatchObject({ code: 'KAFKA_UNREACHABLE', retriable: true })
    expect(found.isOpen).toBe(false)
  })

  test('a later request may have the earlier deadline', async () => {
    const found = await open()
    cluster.failNext('Metadata', { do: 'mute' })
    const [patient, hasty] = [found.send('Metadata', 12, metadata, 60_000), found.send('Metadata', 12, metadata, 50)]
    expect((await refusal(hasty)).code).toBe('KAFKA_TIMEOUT')
    expect((await refusal(patient)).code).toBe('KAFKA_UNREACHABLE')
  })

  test('that were outstanding when the broker hung up fail retriably, with broker and request named', async () => {
    const found = await open()
    cluster.failNext('Metadata', { do: 'drop' })
    const error = await refusal(found.send('Metadata', 12, metadata))
    expect(error).toMatchObject({ code: 'KAFKA_UNREACHABLE', retriable: true, place: { request: 'Metadata' } })
    expect(await refusal(found.send('Metadata', 12, metadata))).toMatchObject({ retriable: true })
  })

  test('an answer that stops in the middle is a connection lost', async () => {
    const found = await open()
    cluster.failNext('Metadata', { do: 'truncate' })
    expect(await refusal(found.send('Metadata', 12, metadata))).toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      retriable: true,
    })
  })

  test('an answer that is not Kafka fails its request for good, those behind it retriably', async () => {
    const found = await open()
    cluster.failNext('Metadata', { do: 'garbage' })
    const [first, second] = [found.send('Metadata', 12, metadata), found.send('Metadata', 12, metadata)]
    const outcomes = await Promise.all([refusal(first), refusal(second)])
    expect(outcomes[0]).toMatchObject({ code: 'KAFKA_PROTOCOL', retriable: false })
    expect(outcomes[1]).toMatchObject({ code: 'KAFKA_UNREACHABLE', retriable: true })
  })

  test('closing fails what is outstanding with the reason given', async () => {
    const found = await open()
    cluster.failNext('Metadata', { do: 'mute' })
    const waiting = refusal(found.send('Metadata', 12, metadata))
    found.close()
    expect((await waiting).code).toBe('INTERRUPTED')
  })
})

test('a port where nobody listens is KAFKA_UNREACHABLE, with the address', async () => {
  await cluster.stop()
  const error = await refusal(open())
  expect(error).toMatchObject({ code: 'KAFKA_UNREACHABLE', retriable: true })
  expect(error.message).toMatch(/127\.0\.0\.1:\d+/)
})

test('an answer that is there in time is not late, although JavaScript did not yield until its deadline was over', async () => {
  const found = await open()
  cluster.faults.push(({ api }) => {
    // Behind the answer, and before it is read.
    if (api === 'Metadata') setImmediate(() => block(500))
    return undefined
  })
  await found.send('Metadata', 12, metadata, 250)
  expect(found.isOpen).toBe(true)
})

function block(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}
