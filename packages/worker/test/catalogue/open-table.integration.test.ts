import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { valuesOf, type Kafka } from '@sluice/kafka'
import { systemClock, systemRandom, type Clock, type Logger } from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import { catalogueSettings, catalogueTopic } from '../../src/catalogue/catalogue-settings.ts'
import { Catalogue } from '../../src/catalogue/catalogue.ts'
import { openTable } from '../../src/catalogue/open-table.ts'
import { storageSettings, type InternalTopic } from '../../src/storage/storage-settings.ts'
import { eventually } from '../support/eventually.ts'
import { onBroker, TestCluster } from '../support/test-cluster.ts'

/** What is waited for here comes within a second, on a machine that has time. */
jest.setTimeout(180_000)

async function openCatalogue(
  kafka: Kafka,
  spec: InternalTopic,
  parts: { readonly clock: Clock; readonly logger: Logger },
): Promise<Catalogue> {
  const table = await openTable(kafka, spec, { groupId: spec.topic, random: systemRandom, ...parts })
  return new Catalogue(table, parts)
}

onBroker('the catalogue topic', () => {
  let kafka: TestCluster
  beforeAll(async () => {
    kafka = await TestCluster.open()
  })
  afterAll(() => kafka.close())

  const spec = (more: Readonly<Record<string, string>> = {}): InternalTopic => {
    const raw = {
      'config.storage.topic': kafka.name('configs'),
      'config.storage.replication.factor': '1',
      'offset.storage.topic': 'o',
      'status.storage.topic': 's',
      ...more,
    }
    return catalogueTopic(catalogueSettings.parse(raw), storageSettings.parse(raw), raw, new MemoryLogger())
  }
  const key = { kind: 'processor', name: 'a', worker: null } as const
  const value = { deployments: [{ number: 1, id: 'i', application: 'a', version: null, config: { x: 'y' }, at: 1 }] }

  test('is made compacted and of one partition, beside the config topic and replicated as it, with what its own settings say', async () => {
    const topic = spec({ 'catalog.storage.partitions': '3', 'catalog.storage.segment.bytes': '1048576' })
    expect(topic.topic).toMatch(/-configs-.*-catalog$/)
    const catalogue = await openCatalogue(kafka.kafka, topic, { clock: systemClock, logger: new MemoryLogger() })
    expect(await kafka.kafka.admin.describeTopics([topic.topic])).toMatchObject([{ partitions: 1 }])
    const names = ['cleanup.policy', 'segment.bytes']
    const [found] = valuesOf(await kafka.kafka.admin.configs.describe([{ type: 'topic', name: topic.topic, names }]))
    expect(Object.fromEntries(found!.map((one) => [one.name, one.value]))).toEqual({
      'cleanup.policy': 'compact',
      'segment.bytes': '1048576',
    })
    await catalogue.close()
  })

  test('is read by each worker that opens it, and what one writes the others hear of', async () => {
    const parts = { clock: systemClock, logger: new MemoryLogger() }
    const topic = spec()
    const first = await openCatalogue(kafka.kafka, topic, parts)
    const second = await openCatalogue(kafka.kafka, topic, parts)
    await first.write([{ key, value }])
    expect(first.processor('a')).toEqual(value)
    await eventually('the second has it', () => second.processor('a') !== undefined, 60_000)
    const third = await openCatalogue(kafka.kafka, topic, parts)
    expect(third.processor('a')).toEqual(value)
    for (const one of [first, second, third]) await one.close()
  })

  test('may hold garbage and records of newer releases: it is opened, and goes on', async () => {
    const logger = new MemoryLogger()
    const topic = spec()
    const first = await openCatalogue(kafka.kafka, topic, { clock: systemClock, logger })
    await first.write([{ key, value }])
    await kafka.put(topic.topic, [
      { partition: 0, key: Buffer.from([0xff, 0xfe]), value: Buffer.from('{}') },
      { partition: 0, key: Buffer.from('["processor","b"]'), value: Buffer.from([0xff]) },
      { partition: 0, key: Buffer.from('["tenant","t"]'), value: Buffer.from('{"format":9}') },
    ])
    const second = await openCatalogue(kafka.kafka, topic, { clock: systemClock, logger })
    expect(second.processors).toEqual(['a'])
    await second.write([{ key: { ...key, name: 'c' }, value }])
    await eventually('the first goes on too', () => first.processor('c') !== undefined, 60_000)
    expect(logger.lines.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        'A record of the catalogue cannot be read, and counts as not there',
        'A record of the catalogue is of a newer release, and left alone',
      ]),
    )
    await first.close()
    await second.close()
  })

  test('that was deleted and made again under its readers is told by the check of each', async () => {
    const topic = spec()
    const catalogue = await openCatalogue(kafka.kafka, topic, { clock: systemClock, logger: new MemoryLogger() })
    expect(() => catalogue.check()).not.toThrow()
    await catalogue.write([{ key, value }])
    await kafka.kafka.admin.topics.delete([topic.topic])
    await kafka.kafka.admin.ensureTopics([{ topic: topic.topic, partitions: 1, configs: {} }])
    const isOver = (): boolean => {
      try {
        catalogue.check()
        return false
      } catch {
        return true
      }
    }
    await eventually('it is over', isOver, 60_000)
    await catalogue.close()
  })

  test('that is not compacted, has several partitions, or is missing where none is made, is refused with what to do', async () => {
    const parts = { clock: systemClock, logger: new MemoryLogger() }
    const plain = await kafka.topic('plain')
    await expect(openCatalogue(kafka.kafka, spec({ 'catalog.storage.topic': plain }), parts)).rejects.toThrow(
      /required to have 'cleanup.policy=compact'/,
    )
    await kafka.kafka.admin.ensureTopics([
      { topic: `${plain}-3`, partitions: 3, configs: { 'cleanup.policy': 'compact' } },
    ])
    await expect(openCatalogue(kafka.kafka, spec({ 'catalog.storage.topic': `${plain}-3` }), parts)).rejects.toThrow(
      /required to have a single partition .* processors, but found 3/,
    )
    const none = spec({ 'internal.topics.automatic.creation.enable': 'false' })
    await expect(openCatalogue(kafka.kafka, none, parts)).rejects.toThrow(/does not exist/)
  })

  /** Who reads what one of several has written. */
  const has = (catalogue: Catalogue, name: string): boolean => catalogue.processor(name) !== undefined
  const made = (name: string, id: string) =>
    [
      {
        key: { kind: 'processor', name, worker: null },
        value: { deployments: [{ number: 1, id, application: name, version: null, config: {}, at: 1 }] },
      },
    ] as const

  test('of workers that decide at once each sees what those before it have decided, however many there are', async () => {
    const parts = { clock: systemClock, logger: new MemoryLogger() }
    const topic = spec()
    const workers = await Promise.all([1, 2, 3, 4].map(() => openCatalogue(kafka.kafka, topic, parts)))
    const winners: string[] = []
    for (const name of ['a', 'b', 'c']) {
      const tried = await Promise.allSettled(
        workers.map((worker, at) =>
          worker.update(() => {
            if (has(worker, name)) throw new Error('taken')
            return made(name, `${at}`)
          }),
        ),
      )
      const won = tried.flatMap(({ status }, at) => (status === 'fulfilled' ? [String(at)] : []))
      expect(won).toHaveLength(1)
      winners.push(won[0]!)
      for (const one of tried) if (one.status === 'rejected') expect(one.reason).toEqual(new Error('taken'))
    }
    const fresh = await openCatalogue(kafka.kafka, topic, parts)
    for (const worker of [...workers, fresh]) {
      await eventually('all have all', () => has(worker, 'c'), 60_000)
      expect(['a', 'b', 'c'].map((name) => worker.processor(name)?.deployments[0]?.id)).toEqual(winners)
      await worker.close()
    }
  })

  test('a worker that stands still between its decision and its write writes nothing once another one has decided', async () => {
    const parts = { clock: systemClock, logger: new MemoryLogger() }
    const topic = spec()
    const quick = await openCatalogue(kafka.kafka, topic, parts)
    let [asked, stood] = [0, 0]
    const standing = standingStill(kafka.kafka, async () => {
      if (stood++ === 0) await quick.update(() => made('a', 'quick'))
    })
    const slow = await openCatalogue(standing, topic, parts)
    const late = slow.update(() => {
      asked++
      if (has(slow, 'a')) throw new Error('taken')
      return made('a', 'slow')
    })
    await expect(late).rejects.toThrow('taken')
    expect([asked, stood]).toEqual([2, 1])
    for (const one of [slow, quick]) {
      expect(one.processor('a')?.deployments[0]?.id).toBe('quick')
      await one.close()
    }
  })
})

/** A client whose transactional producers do that before they produce. */
function standingStill(kafka: Kafka, meanwhile: () => Promise<void>): Kafka {
  const transactionalProducer: Kafka['transactionalProducer'] = async (options) => {
    const producer = await kafka.transactionalProducer(options)
    return {
      begin: () => producer.begin(),
      produce: async (records) => {
        await meanwhile()
        return producer.produce(records)
      },
      sendOffsets: (group, offsets) => producer.sendOffsets(group, offsets),
      commit: () => producer.commit(),
      abort: () => producer.abort(),
      close: (timeoutMs) => producer.close(timeoutMs),
    }
  }
  return {
    producer: (options) => kafka.producer(options),
    transactionalProducer,
    fetcher: (options) => kafka.fetcher(options),
    groupOffsets: (groupId) => kafka.groupOffsets(groupId),
    groupMember: (options) => kafka.groupMember(options),
    consumerMember: (options) => kafka.consumerMember(options),
    admin: kafka.admin,
    metrics: () => kafka.metrics(),
    requestLog: () => kafka.requestLog(),
    close: () => kafka.close(),
  }
}
