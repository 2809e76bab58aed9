import { expect, test } from '@jest/globals'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { bundledPlugins } from '@sluice/cli'
import { startEmbeddedKafka } from '@sluice/embedded-kafka'
import { connect } from '@sluice/kafka'
import { MemoryLogger } from '@sluice/sdk/testing'
import { StandaloneWorker } from '@sluice/worker'

test('every line of the file is a record of the topic', async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'connector-on-broker-'))
  fs.writeFileSync(path.join(dir, 'orders.txt'), 'one\ntwo\nthree\n')
  await using broker = await startEmbeddedKafka()
  const settings = {
    'bootstrap.servers': broker.bootstrapServers,
    'key.converter': 'StringConverter',
    'value.converter': 'StringConverter',
    'offset.storage.file.filename': path.join(dir, 'positions.json'),
    listeners: 'http://127.0.0.1:0',
  }
  const config = {
    name: 'orders',
    'connector.class': 'file-source',
    file: path.join(dir, 'orders.txt'),
    topic: 'orders',
    'topic.creation.default.partitions': '1',
    'topic.creation.default.replication.factor': '1',
  }
  const worker = await StandaloneWorker.start({
    settings,
    connectors: [{ config }],
    plugins: await bundledPlugins(settings),
    logger: new MemoryLogger(),
  })

  const kafka = await connect({ bootstrapServers: broker.bootstrapServers })
  const fetcher = kafka.fetcher()
  fetcher.assign([{ topic: 'orders', partition: 0, offset: 0 }])
  const values: string[] = []
  while (values.length < 3) {
    for (const { batches } of await fetcher.poll(1000)) {
      for (const records of batches) {
        for (let i = 0; i < records.count; i++) values.push(Buffer.from(records.value(i)!).toString())
      }
    }
  }
  expect(values).toEqual(['one', 'two', 'three'])
  expect(worker.status()[0]?.tasks[0]?.state).toBe('RUNNING')

  await fetcher.close()
  await kafka.close()
  await worker.stop()
  fs.rmSync(dir, { recursive: true })
})
