/** Starting and stopping a standalone worker, apart from what its tasks do. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { systemClock } from '@sluice/sdk'
import { eventually } from './support/eventually.ts'
import { onBroker, startWorker, TestCluster } from './support/test-cluster.ts'
import { countingSource, sinkOf } from './support/test-connectors.ts'

let dir: string
beforeEach(async () => {
  dir = await fs.mkdtemp(path.join(os.tmpdir(), 'standalone-'))
})
afterEach(() => fs.rm(dir, { recursive: true }))

describe('wrong settings', () => {
  test('of all files are told before anything is started, Kafka included', async () => {
    const began = performance.now()
    const starting = startWorker({
      plugins: [countingSource(), sinkOf(() => ({}))],
      connectors: [
        { name: 'a', 'connector.class': 'counting', count: 'many' },
        { name: 'b', 'connector.class': 'parts', 'errors.tolerance': 'some' },
      ],
      // Nobody is there; nobody is asked.
      worker: { 'bootstrap.servers': '127.0.0.1:1', 'offset.flush.interval.ms': 'soon', 'value.converter': 'Xml' },
    })
    await expect(starting).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      message: expect.stringMatching(/worker: .*soon.*worker: .*Xml.*a: .*topic.*many.*b: .*some.*topics/s) as unknown,
    })
    expect(performance.now() - began).toBeLessThan(1000)
  })
})

onBroker('a standalone worker on a broker', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await TestCluster.open()
  })
  afterAll(() => cluster.close())

  test('that cannot start one connector stops those it has started', async () => {
    const calls: string[] = []
    const name = cluster.name('half')
    const starting = startWorker({
      plugins: [
        countingSource({ stopped: () => void calls.push('stopped') }),
        sinkOf(() => {
          throw new Error('no driver for this')
        }),
      ],
      connectors: [
        {
          name: `${name}-source`,
          'connector.class': 'counting',
          topic: `${name}.raw`,
          count: '1000000',
          'pause.ms': '1',
        },
        { name: `${name}-sink`, 'connector.class': 'parts', topics: `${name}.raw` },
      ],
      worker: { 'offset.storage.file.filename': path.join(dir, 'positions.json') },
    })
    await expect(starting).rejects.toThrow('no driver for this')
    expect(calls).toEqual(['stopped'])
  })

  test('a task that does not stop in time is left behind, and the rest is closed all the same', async () => {
    const name = cluster.name('stuck')
    const topic = await cluster.topic('stuck')
    const release = new AbortController()
    let isStuck = false
    const put = (): Promise<void> => {
      isStuck = true
      return systemClock.sleep(60_000, release.signal)
    }
    const worker = await startWorker({
      plugins: [sinkOf(() => ({ put }))],
      connectors: [{ name, 'connector.class': 'parts', topics: topic }],
      worker: {
        'offset.storage.file.filename': path.join(dir, 'positions.json'),
        'task.shutdown.graceful.timeout.ms': '100',
      },
    })
    await eventually('it is stuck', () => isStuck)
    await expect(worker.stop()).rejects.toMatchObject({
      code: 'STOP_TIMED_OUT',
      remedy: expect.stringContaining('task.shutdown') as unknown,
    })
    release.abort()
    await worker.stop()
  })

  test.each(['{"n":', '5', '[1]'])(
    'a positions topic that holds something else fails the task, and says where: %s',
    async (stored) => {
      const name = cluster.name('odd')
      const positions = await cluster.topic('odd', 1, { 'cleanup.policy': 'compact' })
      await cluster.put(positions, [
        { key: Buffer.from(JSON.stringify([name, { numbers: 'all' }])), value: Buffer.from(stored) },
      ])
      const worker = await startWorker({
        plugins: [countingSource()],
        connectors: [{ name, 'connector.class': 'counting', topic: `${name}.raw` }],
        worker: { 'offset.storage.topic': positions },
      })
      await expect(worker.ended()).rejects.toMatchObject({
        code: 'POSITION_UNREADABLE',
        place: { topic: positions, connector: name },
      })
      await worker.stop()
    },
  )
})
