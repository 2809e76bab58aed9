import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { silentLogger, systemClock, systemRandom, type RawSettings } from '@sluice/sdk'
import { KafkaConnectorOffsets } from '../../src/positions/connector-offsets.ts'
import { openWorkerPositions } from '../../src/positions/worker-positions.ts'
import { address, onBroker, TestCluster } from '../support/test-cluster.ts'

onBroker('offsets that are altered (needs SLUICE_TEST_KAFKA)', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await TestCluster.open()
  })
  afterAll(() => cluster.close())

  const F = { f: 'x' }

  async function withOffsets(
    support: 'enabled' | 'disabled',
    work: (offsets: KafkaConnectorOffsets, group: string) => Promise<void>,
  ): Promise<void> {
    const group = cluster.name('workers')
    const topics = Object.fromEntries(
      ['config', 'offset', 'status'].flatMap((what) => [
        [`${what}.storage.topic`, cluster.name(what)],
        [`${what}.storage.replication.factor`, '1'],
      ]),
    )
    const worker: RawSettings = {
      'group.id': group,
      'bootstrap.servers': address,
      'offset.storage.partitions': '2',
      'exactly.once.source.support': support,
      ...topics,
    }
    const { kafka } = cluster
    const positions = await openWorkerPositions('distributed', kafka, worker, silentLogger)
    const offsets = new KafkaConnectorOffsets({
      kafka,
      worker,
      positions,
      transactionalId: support === 'enabled' ? (connector) => `${group}-${connector}-0` : null,
      resolve: async (config) => ({
        settings: Object.fromEntries(
          Object.entries(config).map(([key, value]) => [key, value.replace('${file:group}', group)]),
        ),
        values: new Set([group]),
      }),
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
    })
    try {
      await work(offsets, group)
    } finally {
      await positions.close()
    }
  }

  test.each(['of the worker', 'of the connector itself'])(
    'exactly once: in a transaction, which shuts out a task that was left behind; in the offset topic %s',
    async (whose) => {
      await withOffsets('enabled', async (offsets, group) => {
        const config: RawSettings = whose === 'of the worker' ? {} : { 'offsets.storage.topic': cluster.name('own') }
        await offsets.alterSourceOffsets('c', config, [{ partition: F, offset: { n: 1 } }])
        const zombie = await cluster.kafka.transactionalProducer({ transactionalId: `${group}-c-0` })
        const topic = await cluster.topic('zombie', 1)
        zombie.begin()
        await zombie.produce([
          { topic, partition: 0, key: null, value: Buffer.from('x'), timestamp: null, headers: null },
        ])
        await offsets.alterSourceOffsets('c', config, [{ partition: F, offset: { n: 2 } }])
        await expect(zombie.commit()).rejects.toMatchObject({ code: 'KAFKA_FENCED' })
        await zombie.close(0)
        expect(await offsets.sourceOffsets('c', config)).toEqual([{ partition: F, offset: { n: 2 } }])
        await offsets.alterSourceOffsets('c', config, [{ partition: F, offset: null }])
        expect(await offsets.sourceOffsets('c', config)).toEqual([])
      })
    },
  )

  test('at least once: nobody is shut out', async () => {
    await withOffsets('disabled', async (offsets, group) => {
      const task = await cluster.kafka.transactionalProducer({ transactionalId: `${group}-c-0` })
      const topic = await cluster.topic('task', 1)
      task.begin()
      await task.produce([{ topic, partition: 0, key: null, value: Buffer.from('x'), timestamp: null, headers: null }])
      await offsets.alterSourceOffsets('c', {}, [{ partition: F, offset: { n: 2 } }])
      await task.commit()
      await task.close()
      expect(await offsets.sourceOffsets('c', {})).toEqual([{ partition: F, offset: { n: 2 } }])
    })
  })

  test("of a sink are those of the group that it names, also by a config provider's value", async () => {
    await withOffsets('disabled', async (offsets, group) => {
      const topic = await cluster.topic('in', 1)
      const own: RawSettings = { 'consumer.override.group.id': '${file:group}-sinks' }
      await offsets.alterSinkOffsets('c', own, [{ topic, partition: 0, offset: 0 }])
      const [found] = await cluster.kafka.admin.groups.offsets([`${group}-sinks`])
      expect(found).toMatchObject({ value: [{ topic, partition: 0, offset: 0 }] })
      expect(await offsets.sinkOffsets('c', own)).toEqual([{ topic, partition: 0, offset: 0 }])
      expect(await offsets.sinkOffsets('c', {})).toEqual([])
      await offsets.deleteSinkGroup('c', own)
      expect(await offsets.sinkOffsets('c', own)).toEqual([])
      // One that is not there counts as deleted.
      await offsets.deleteSinkGroup('c', own)
    })
  })
})
