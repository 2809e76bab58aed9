/** Mutated answers under the whole port: every call settles, nothing is left rejected unseen, and afterwards all is well again. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { SluiceError } from '@sluice/sdk'
import { type Kafka, connect } from '../../src/index.ts'
import { FakeCluster } from '../fake/fake-cluster.ts'
import { generator, mutate } from './mutate.ts'

jest.setTimeout(120_000)

const SEED = Number(process.env['SLUICE_FUZZ_SEED'] ?? 20_261)
const ROUNDS = 20
const SETTLES_WITHIN_MS = 20_000

const random = generator(SEED)
const rejections: unknown[] = []
const onRejection = (reason: unknown): void => void rejections.push(reason)
let cluster: FakeCluster
let isMutating = false
let mutated = 0

beforeAll(async () => {
  process.on('unhandledRejection', onRejection)
  cluster = await FakeCluster.start(2)
  cluster.faults.push(() => {
    if (!isMutating || random() < 0.5) return undefined
    mutated++
    return { do: 'alter', to: (answer) => mutate(answer, random) }
  })
})

afterAll(async () => {
  process.off('unhandledRejection', onRejection)
  await cluster.stop()
})

test(`every call of the port settles, whatever is answered (SLUICE_FUZZ_SEED=${SEED})`, async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const topic = `t${round}`
    cluster.createTopic(topic, 2)
    isMutating = false
    const kafka = await connect({ bootstrapServers: cluster.bootstrap, requestTimeoutMs: 200, connectTimeoutMs: 200 })
    isMutating = true
    for (const outcome of await within(calls(kafka, topic))) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(SluiceError)
    }
    await kafka.close()
    isMutating = false
    await workingAgain(`after${round}`)
  }
  expect(rejections).toEqual([])
  expect(mutated).toBeGreaterThan(ROUNDS * 3)
})

async function calls(kafka: Kafka, topic: string): Promise<PromiseSettledResult<unknown>[]> {
  const producer = kafka.producer({ deliveryTimeoutMs: 400, requestTimeoutMs: 200 })
  const fetcher = kafka.fetcher({ maxWaitMs: 50, reset: 'earliest' })
  fetcher.assign([0, 1].map((partition) => ({ topic, partition, offset: partition === 0 ? 0 : null })))
  const partitions = [0, 1].map((partition) => ({ topic, partition }))
  const offsets = kafka.groupOffsets('g')
  const outcomes = await Promise.allSettled([
    producer.produce([record(topic)]),
    producer.produce([record(topic), record(topic)]),
    fetcher.poll(300),
    kafka.admin.describeTopics(),
    kafka.admin.listOffsets(partitions, 'latest'),
    kafka.admin.partitions.listOffsets(partitions.map((one) => ({ ...one, at: 'earliest' }) as const)),
    kafka.admin.topics.create([{ topic: `${topic}-new`, partitions: 1 }]),
    kafka.admin.groups.offsets(['g', 'h']),
    offsets.commit(partitions.map((one) => ({ ...one, offset: 1, metadata: '' }))),
    offsets.committed(partitions),
  ])
  await producer.close(200)
  await fetcher.close()
  return outcomes
}

/** A new client, and answers as they should be: what was broken before has left nothing behind. */
async function workingAgain(topic: string): Promise<void> {
  cluster.createTopic(topic, 1)
  const kafka = await connect({ bootstrapServers: cluster.bootstrap })
  const producer = kafka.producer()
  await producer.produce([record(topic)])
  const fetcher = kafka.fetcher({ maxWaitMs: 50 })
  fetcher.assign([{ topic, partition: 0, offset: 0 }])
  expect(await fetcher.poll(5000)).toMatchObject([{ topic, nextOffset: 1 }])
  await kafka.close()
}

function record(topic: string) {
  return { topic, partition: null, key: null, value: Buffer.from('value'), timestamp: 1, headers: null }
}

async function within<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`a call hangs (SLUICE_FUZZ_SEED=${SEED})`)), SETTLES_WITHIN_MS)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
