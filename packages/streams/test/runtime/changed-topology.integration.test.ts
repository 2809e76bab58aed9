import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connect, type Kafka } from '@sluice/kafka'
import { MemoryMetrics } from '@sluice/sdk'
import { KafkaStreams, Serdes, StreamsBuilder, streamsSettings, TimeWindows, type Topology } from '../../src/index.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe
const text = { key: Serdes.string, value: Serdes.string }

function counted(topic: string): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(topic, text)
    .groupByKey()
    .count({ materialized: { name: 'counts' } })
  return builder.build()
}

function windowed(topic: string): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(topic, text)
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeWithNoGrace(1_000))
    .count({ materialized: { name: 'counts' } })
  return builder.build()
}

onABroker('a changed topology (needs SLUICE_TEST_KAFKA)', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'changed-topology-'))
  let kafka: Kafka
  beforeAll(async () => void (kafka = await connect({ bootstrapServers: address })))
  afterAll(async () => {
    await kafka.close()
    fs.rmSync(folder, { recursive: true, force: true })
  })

  function open(topology: Topology, application: string): KafkaStreams {
    const settings = streamsSettings.parse({ 'application.id': application, 'state.dir': folder })
    return new KafkaStreams(topology, settings, { kafka, metrics: new MemoryMetrics() })
  }

  async function written(): Promise<{ readonly application: string; readonly topic: string }> {
    const application = `changed-${randomUUID().slice(0, 8)}`
    const topic = `${application}.in`
    await kafka.admin.ensureTopics([{ topic, partitions: 1 }])
    await open(counted(topic), application).run({ until: 'end' })
    return { application, topic }
  }

  test('that does not fit the stored state is refused before it runs', async () => {
    const { application, topic } = await written()
    const streams = open(windowed(topic), application)
    expect((await streams.plan()).steps).toMatchObject([{ name: 'counts', action: 'refuse' }])
    await expect(streams.run({ until: 'end' })).rejects.toMatchObject({
      code: 'TOPOLOGY_INVALID',
      message: expect.stringContaining('store counts: it was of kind timestampedKeyValue') as unknown,
      remedy: expect.stringContaining('another name') as unknown,
    })
    // The version before can still go on.
    await open(counted(topic), application).run({ until: 'end' })
  }, 60_000)

  test('goes on when the application was reset: its topics are gone', async () => {
    const { application, topic } = await written()
    await kafka.admin.deleteTopics([`${application}-counts-changelog`])
    await open(windowed(topic), application).run({ until: 'end' })
    const steps = (await open(windowed(topic), application).plan()).steps
    expect(steps).toMatchObject([{ name: 'counts', action: 'keep' }])
  }, 60_000)

  test('whose record cannot be read is not run', async () => {
    const { application, topic } = await written()
    fs.writeFileSync(path.join(folder, application, 'topology.json'), '{"version":9}')
    await expect(open(counted(topic), application).run({ until: 'end' })).rejects.toMatchObject({
      code: 'STATE_FOREIGN',
    })
  }, 60_000)
})
