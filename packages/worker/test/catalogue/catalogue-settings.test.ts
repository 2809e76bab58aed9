import { expect, test } from '@jest/globals'
import { converters } from '@sluice/codecs'
import { MemoryLogger } from '@sluice/sdk/testing'
import { catalogueSettings, catalogueTopic } from '../../src/catalogue/catalogue-settings.ts'
import { DistributedWorker, Plugins } from '../../src/index.ts'
import { storageSettings } from '../../src/storage/storage-settings.ts'

const storage = {
  'config.storage.topic': 'configs',
  'offset.storage.topic': 'offsets',
  'status.storage.topic': 'statuses',
}

test.each(['configs', 'offsets', 'statuses'])(
  'a worker whose catalogue is to be in Kafka Connect’s topic %s does not start',
  async (topic) => {
    const settings = {
      ...storage,
      'bootstrap.servers': '127.0.0.1:1',
      'group.id': 'workers',
      'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
      listeners: 'http://127.0.0.1:0',
      'catalog.storage.topic': topic,
    }
    const plugins = new Plugins({ connectors: [], converters, transforms: [], predicates: [] })
    const start = DistributedWorker.start({ settings, plugins, logger: new MemoryLogger(), onFatal: () => undefined })
    await expect(start).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      message: expect.stringMatching(
        new RegExp(`catalog.storage.topic is ${topic}, which is also the topic of \\w+.storage.topic`),
      ),
    })
  },
)

test('the topic has one partition, whatever is asked for, which is told', () => {
  const logger = new MemoryLogger()
  const raw = { ...storage, 'catalog.storage.partitions': '5', 'catalog.storage.segment.bytes': '7' }
  const topic = catalogueTopic(catalogueSettings.parse(raw), storageSettings.parse(raw), raw, logger)
  expect(topic).toMatchObject({ topic: 'configs-catalog', partitions: 1, configs: { 'segment.bytes': '7' } })
  expect(logger.lines).toMatchObject([{ level: 'warn', fields: { setting: 'catalog.storage.partitions' } }])
})
