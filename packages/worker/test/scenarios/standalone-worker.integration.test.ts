/** Kafka Connect's StandaloneWorkerIntegrationTest, by a standalone worker in this process; in brackets the names of the scenarios there. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { MemoryLogger } from '@sluice/sdk/testing'
import { LogLevels, StandaloneWorker } from '../../src/index.ts'
import { connectPlugins } from '../support/connect-plugins.ts'
import { onBroker, workerSettings } from '../support/test-cluster.ts'
import monitorable, { handleOf } from './monitorable-connectors.ts'
import { RestClient } from './rest-client.ts'

interface Level {
  readonly level: string
  readonly last_modified: number | null
}

onBroker('a standalone worker', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-scenario-'))
  let worker: StandaloneWorker
  let client: RestClient

  beforeEach(async () => {
    const place = { 'offset.storage.file.filename': path.join(folder, 'offsets'), listeners: 'http://127.0.0.1:0' }
    const logLevels = new LogLevels()
    for (const name of ['kafka.connect', 'kafka.clients', 'kafka.streams']) logLevels.logger(`org.apache.${name}`)
    worker = await StandaloneWorker.start({
      settings: workerSettings(place),
      plugins: connectPlugins(monitorable),
      logger: new MemoryLogger(),
      logLevels,
    })
    client = new RestClient(worker.url.replace(/\/$/, ''))
  })
  afterEach(async () => {
    await worker.stop()
    fs.rmSync(folder, { recursive: true, force: true })
  })

  test('levels of loggers are set for a name and all below it, and no others; for the cluster is for itself (testDynamicLogging)', async () => {
    const all = async (): Promise<Record<string, Level>> =>
      (await client.must('GET', '/admin/loggers')) as Record<string, Level>
    const before = await all()
    expect(Object.keys(before).length).toBeGreaterThan(0)
    expect(Object.values(before).filter((level) => level.last_modified !== null)).toEqual([])
    for (const [scope, name, first, then] of [
      ['', 'org.apache.kafka.connect', 'ERROR', 'DEBUG'],
      ['?scope=worker', 'org.apache.kafka.clients', 'WARN', 'INFO'],
      ['?scope=cluster', 'org.apache.kafka.streams', 'DEBUG', 'TRACE'],
    ] as const) {
      const others = Object.entries(await all()).filter(([other]) => other !== name)
      await client.must('PUT', `/admin/loggers/${name}${scope}`, { level: first })
      const since = Date.now()
      const concerned = await client.must('PUT', `/admin/loggers/${name}${scope}`, { level: then })
      expect(concerned).toEqual(scope === '?scope=cluster' ? undefined : [name])
      const now = await all()
      expect(now[name]?.level).toBe(then)
      expect(now[name]?.last_modified).toBeGreaterThanOrEqual(since)
      expect(await client.must('GET', `/admin/loggers/${name}`)).toEqual(now[name])
      expect(Object.entries(now).filter(([other]) => other !== name)).toEqual(others)
      // The same again is no change.
      await client.must('PUT', `/admin/loggers/${name}${scope}`, { level: then })
      expect(await all()).toEqual(now)
    }
  })

  test('a connector that was created stopped has no tasks until it is resumed (testCreateConnectorWithStoppedInitialState)', async () => {
    const config = { 'connector.class': 'monitorable-source', 'tasks.max': '4', topic: 'none' }
    await client.must('POST', '/connectors', { name: 'still', config, initial_state: 'STOPPED' })
    await client.becomes('still', 'STOPPED/')
    expect(await client.must('GET', '/connectors/still')).toMatchObject({ tasks: [] })
    expect(await client.must('GET', '/connectors/still/tasks')).toEqual([])
    expect(handleOf('still').tasks).toEqual([])
    await client.must('PUT', '/connectors/still/resume')
    await client.runs('still', 4)
  })

  test('is healthy also when a connector blocks where Kafka Connect’s is blocked with it (testHealthCheck)', async () => {
    const healthy = {
      status: 'healthy',
      message: 'Worker has completed startup and is ready to handle requests.',
    }
    for (const block of ['start', 'task-settings']) {
      const config = { 'connector.class': 'monitorable-source', topic: 'none', block }
      await client.configure(`blocks-${block}`, config)
      expect(await client.ask('GET', '/health')).toEqual({ status: 200, body: healthy })
    }
  })
})
