import { expect, test } from '@jest/globals'
import { MemoryLogger } from '@sluice/sdk/testing'
import { internalTopics, storageSettings } from '../../src/storage/storage-settings.ts'
import { leaderTransactionalId, storeClientIds } from '../../src/storage/store-clients.ts'

const NAMED = {
  'config.storage.topic': 'configs',
  'offset.storage.topic': 'offsets',
  'status.storage.topic': 'statuses',
}

test('topics have Kafka Connect’s defaults', () => {
  const logger = new MemoryLogger()
  expect(internalTopics(storageSettings.parse(NAMED), NAMED, logger)).toMatchObject({
    config: { topic: 'configs', partitions: 1, replicationFactor: 3, configs: {}, mayCreate: true },
    offset: { topic: 'offsets', partitions: 25, replicationFactor: 3, configs: {}, mayCreate: true },
    status: { topic: 'statuses', partitions: 5, replicationFactor: 3, configs: {}, mayCreate: true },
  })
  expect(logger.lines).toEqual([])
})

test('other settings below the prefix are the topic’s; those that cannot be otherwise are ignored with a warning', () => {
  const logger = new MemoryLogger()
  const raw = {
    ...NAMED,
    'config.storage.min.insync.replicas': '2',
    'config.storage.cleanup.policy': 'delete',
    'config.storage.partitions': '7',
    'config.storage.replication.factor': '-1',
    'offset.storage.partitions': '-1',
    'offset.storage.segment.bytes': '1000',
    'status.storage.cleanup.policy': 'delete',
    'internal.topics.automatic.creation.enable': 'false',
  }
  expect(internalTopics(storageSettings.parse(raw), raw, logger)).toMatchObject({
    config: { partitions: 1, replicationFactor: -1, configs: { 'min.insync.replicas': '2' }, mayCreate: false },
    offset: { partitions: -1, configs: { 'segment.bytes': '1000' } },
    status: { partitions: 5, configs: {} },
  })
  expect(logger.lines.map(({ level, fields }) => `${level} ${String(fields['setting'])}`)).toEqual([
    'warn config.storage.cleanup.policy',
    'warn config.storage.partitions',
    'warn status.storage.cleanup.policy',
  ])
})

test('all three topics must be named, and numbers of partitions and replicas make sense', () => {
  const raw = { 'offset.storage.partitions': '0', 'status.storage.replication.factor': '-2' }
  expect(storageSettings.problems(raw).map(({ setting }) => setting)).toEqual([
    'config.storage.topic',
    'offset.storage.topic',
    'offset.storage.partitions',
    'status.storage.topic',
    'status.storage.replication.factor',
  ])
})

test('clients are named as Kafka Connect’s are', () => {
  expect(storeClientIds('g', '')).toEqual({
    configs: 'g-configs',
    configsLeader: 'g-configs-leader',
    offsets: 'g-offsets',
    statuses: 'g-statuses',
    sharedAdmin: 'g-shared-admin',
  })
  expect(storeClientIds('g', 'me').offsets).toBe('g-me-offsets')
  expect(storeClientIds(null, '').configs).toBe('connect-configs')
  expect(leaderTransactionalId('g')).toBe('connect-cluster-g')
})
