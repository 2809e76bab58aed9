import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { valuesOf } from '@sluice/kafka'
import { systemClock } from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import { catalogueSettings, catalogueTopic } from '../../src/catalogue/catalogue-settings.ts'
import { openCatalogue } from '../../src/catalogue/open-catalogue.ts'
import { storageSettings, type InternalTopic } from '../../src/storage/storage-settings.ts'
import { eventually } from '../support/eventually.ts'
import { onBroker, TestCluster } from '../support/test-cluster.ts'

/** What is waited for here comes within a second, on a machine that has time. */
jest.setTimeout(90_000)

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
  const value = { deployments: [{ number: 1, version: null, config: { x: 'y' }, at: 1 }] }

  test('is made compacted, beside the config topic and replicated as it, with what its own settings say', async () => {
    const topic = spec({ 'catalog.storage.partitions': '3', 'catalog.storage.segment.bytes': '1048576' })
    expect(topic.topic).toMatch(/-configs-.*-catalog$/)
    const catalogue = await openCatalogue(kafka.kafka, topic, { clock: systemClock, logger: new MemoryLogger() })
    expect(await kafka.kafka.admin.describeTopics([topic.topic])).toMatchObject([{ partitions: 3 }])
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

  test('that is not compacted, or missing where none is made, is refused with what to do', async () => {
    const parts = { clock: systemClock, logger: new MemoryLogger() }
    const plain = await kafka.topic('plain')
    await expect(openCatalogue(kafka.kafka, spec({ 'catalog.storage.topic': plain }), parts)).rejects.toThrow(
      /required to have 'cleanup.policy=compact'/,
    )
    const none = spec({ 'internal.topics.automatic.creation.enable': 'false' })
    await expect(openCatalogue(kafka.kafka, none, parts)).rejects.toThrow(/does not exist/)
  })
})
