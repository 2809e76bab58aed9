import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { SluiceError } from '@sluice/sdk'
import { type Fetcher, type Kafka, TopicReader, connect } from '../src/index.ts'
import { FakeCluster } from './fake/fake-cluster.ts'

let cluster: FakeCluster
let kafka: Kafka
/** What the next polls fail with. */
let faults: SluiceError[]

beforeEach(async () => {
  cluster = await FakeCluster.start()
  const real = await connect({ bootstrapServers: cluster.bootstrap, requestTimeoutMs: 1000 })
  faults = []
  const fetcher = (): Fetcher => {
    const one = real.fetcher()
    const poll: Fetcher['poll'] = async (timeoutMs, signal) => {
      const fault = faults.shift()
      if (fault !== undefined) throw fault
      return one.poll(Math.min(timeoutMs, 20), signal)
    }
    return changed(one, { poll })
  }
  kafka = changed(real, { fetcher })
  await kafka.admin.ensureTopics([{ topic: 't', partitions: 1 }])
})
afterEach(async () => {
  await kafka.close()
  await cluster.stop()
})

async function send(...values: readonly string[]): Promise<void> {
  const producer = kafka.producer()
  const rest = { topic: 't', partition: 0, key: null, timestamp: null, headers: null }
  await producer.produce(values.map((value) => ({ ...rest, value: Buffer.from(value) })))
  await producer.close()
}

const passing = (): SluiceError => new SluiceError('KAFKA_UNREACHABLE', 'away', { retriable: true })

test('what cannot be read for a while is waited for, unless the end is asked for', async () => {
  const reader = await TopicReader.open(kafka, { topic: 't', take: () => undefined })
  faults.push(passing())
  const [reached, late] = [reader.reached(new Map([[0, 1]])), reader.reached(new Map([[0, 2]]), 50)]
  await expect(late).rejects.toMatchObject({ code: 'KAFKA_TIMEOUT' })
  await send('a')
  await reached
  faults.push(passing())
  while (faults.length > 0) await new Promise((resolve) => void setTimeout(resolve, 5))
  await send('b')
  await expect(reader.caughtUp()).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE' })
  await reader.reached(new Map([[0, 2]]))
  await reader.close()
})

test('the end is waited for no longer than was said, also when nobody says where it is', async () => {
  const reader = await TopicReader.open(kafka, { topic: 't', take: () => undefined })
  cluster.faults.push(({ api }) => (api === 'ListOffsets' ? { do: 'mute' } : undefined))
  await expect(reader.caughtUp(50)).rejects.toMatchObject({ code: 'KAFKA_TIMEOUT' })
  await reader.close()
})

test('what will not pass is told to everybody who waits', async () => {
  const reader = await TopicReader.open(kafka, { topic: 't', take: () => undefined })
  faults.push(new SluiceError('KAFKA_REFUSED', 'not allowed'))
  await expect(reader.reached(new Map([[0, 1]]))).rejects.toMatchObject({ code: 'KAFKA_REFUSED' })
  await reader.close()
})

test('records that cannot be taken end it: nobody goes on with a hole', async () => {
  const taken: string[] = []
  const reader = await TopicReader.open(kafka, {
    topic: 't',
    take: (_, records) => {
      for (let i = 0; i < records.count; i++) {
        const value = Buffer.from(records.value(i)!).toString()
        if (value === 'b') throw new RangeError('b')
        taken.push(value)
      }
    },
  })
  await send('a', 'b', 'c')
  await expect(reader.reached(new Map([[0, 3]]))).rejects.toMatchObject({ code: 'DATA_INVALID' })
  expect(reader.end?.code).toBe('DATA_INVALID')
  await send('d')
  await expect(reader.caughtUp()).rejects.toMatchObject({ code: 'DATA_INVALID' })
  expect(taken).toEqual(['a'])
  await reader.close()
})

test('a topic that is not there is said', async () => {
  await expect(TopicReader.open(kafka, { topic: 'none', take: () => undefined })).rejects.toMatchObject({
    code: 'KAFKA_REFUSED',
    place: { topic: 'none', error: 'UNKNOWN_TOPIC_OR_PARTITION' },
  })
}, 15_000)

/** The same, but for some of its methods. */
function changed<T extends object>(of: T, others: Partial<T>): T {
  return new Proxy(of, {
    get: (target, name): unknown => {
      const member: unknown = Reflect.get(name in others ? others : target, name)
      return typeof member === 'function' ? (member.bind(target) as unknown) : member
    },
  })
}
