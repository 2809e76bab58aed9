/**
 * Kafka's test_broker_compatibility (its system tests): a worker of today on brokers of earlier releases, as the embedded broker offers
 * their APIs.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { startEmbeddedKafka } from '@sluice/embedded-kafka'
import { eventually } from '../support/eventually.ts'
import { clusterSettings, ConnectWorker } from './connect-cluster.ts'

test.each(['3.6', '3.9', '4.0', '4.3'] as const)(
  'lines of a file come through to another one over a broker of Apache Kafka %s (test_broker_compatibility)',
  async (emulate) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-scenario-'))
    const broker = await startEmbeddedKafka({ emulate, configs: { 'group.initial.rebalance.delay.ms': '0' } })
    const worker = await ConnectWorker.start(clusterSettings('connect', broker.bootstrapServers))
    try {
      const [from, to] = [path.join(folder, 'from.txt'), path.join(folder, 'to.txt')]
      fs.writeFileSync(from, 'foo\nbar\nbaz\n')
      await worker.configure('source', { 'connector.class': 'FileStreamSource', file: from, topic: 'lines' })
      await worker.configure('sink', { 'connector.class': 'FileStreamSink', file: to, topics: 'lines' })
      await worker.runs('source', 1)
      await eventually('the lines have come through', () => fs.existsSync(to) && fs.readFileSync(to, 'utf8') !== '')
      await eventually('all of them', () => fs.readFileSync(to, 'utf8').split('\n').length === 4)
      expect(fs.readFileSync(to, 'utf8')).toBe('foo\nbar\nbaz\n')
    } finally {
      await worker.stop()
      await broker.close()
      fs.rmSync(folder, { recursive: true, force: true })
    }
  },
)

test('of a broker that is older than 3.0 the log says that it is, and what is needed (test_broker_compatibility, earlier releases)', async () => {
  const broker = await startEmbeddedKafka({ emulate: '2.8' })
  const worker = await ConnectWorker.start(clusterSettings('connect', broker.bootstrapServers))
  try {
    await eventually('the log says so', () => {
      const { lines } = worker.logger
      return lines.some(({ fields }) => String(fields['reason']).includes('Use Apache Kafka 3.0 or later'))
    })
    expect(await worker.must('GET', '/connectors')).toEqual([])
  } finally {
    await worker.stop()
    await broker.close()
  }
})
