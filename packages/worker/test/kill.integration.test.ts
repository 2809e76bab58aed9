/** A worker in a process of its own, killed at random moments and started again: nothing is missing, and the counts hold. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { readQuarantineHeaders } from '@sluice/quality'
import { systemClock, type RawSettings } from '@sluice/sdk'
import type { SourceProgress } from '../src/index.ts'
import { eventually } from './support/eventually.ts'
import { onBroker, startWorker, TestCluster, workerSettings } from './support/test-cluster.ts'
import connectors from './support/test-connectors.ts'

const CHILD = fileURLToPath(new URL('support/run-in-child.ts', import.meta.url))
const ROUNDS = 4

/** Runs the worker until it has been under way for `ms`, then kills it. */
async function runAndKill(worker: RawSettings, connector: RawSettings, ms: number): Promise<void> {
  const child = spawn(process.execPath, ['--conditions=@sluice/source', CHILD], {
    env: { ...process.env, WORKER: JSON.stringify(worker), CONNECTORS: JSON.stringify([connector]) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text))
  const exited = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), exited])
  if (child.exitCode !== null) throw new Error(`The worker ended: ${complaints}`)
  await systemClock.sleep(ms)
  if (child.exitCode !== null) throw new Error(`The worker ended: ${complaints}`)
  child.kill('SIGKILL')
  await exited
}

onBroker('a worker that is killed', () => {
  let cluster: TestCluster
  let dir: string
  beforeAll(async () => {
    cluster = await TestCluster.open()
  })
  afterAll(() => cluster.close())
  beforeEach(() => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'killed-'))
  })
  afterEach(() => fs.rmSync(dir, { recursive: true }))

  test.each(['file', 'topic'])(
    'source: every record is in the topic, and what is there twice was sent after the last stored position (%s)',
    async (place) => {
      const [total, perPoll] = [10_000, 20]
      const name = cluster.name('killed')
      const topic = await cluster.topic('killed')
      const worker = workerSettings(
        place === 'file'
          ? { 'offset.storage.file.filename': path.join(dir, 'positions.json') }
          : {
              'offset.storage.topic': `${name}.positions`,
              'offset.storage.partitions': '1',
              'offset.storage.replication.factor': '1',
            },
      )
      const settings = { topic, count: String(total), 'per.poll': String(perPoll), 'pause.ms': '2' }
      const connector = { name, 'connector.class': 'counting', ...settings }
      // In every other round records wait in the process for a while: then there is something to lose. In the others they are sent at
      // once, and their positions wait.
      const waiting = { ...connector, 'producer.override.linger.ms': '60' }
      for (let round = 0; round < ROUNDS; round++)
        await runAndKill(worker, round % 2 === 0 ? waiting : connector, 100 + Math.random() * 150)
      const sent = await cluster.count(topic)
      expect(sent).toBeGreaterThan(0)
      expect(sent).toBeLessThan(total)
      const last = await startWorker({ plugins: connectors, connectors: [{ ...connector, 'per.poll': '500' }], worker })
      const at = (): unknown => [...(last.progress(name)[0] as SourceProgress).stored.values()][0]?.['n']
      await eventually('all is stored', () => at() === total)
      await last.stop()
      const values = (await cluster.values(topic)).map(Number)
      expect(new Set(values).size).toBe(total)
      // Each run begins where the positions say: at or before where the one before it was killed.
      const restarts = values.flatMap((n, i) =>
        i > 0 && n !== values[i - 1]! + 1 ? [[values[i - 1]! + 1, n] as const] : [],
      )
      expect(restarts.length).toBeLessThanOrEqual(ROUNDS)
      for (const [reached, from] of restarts) expect(from).toBeLessThan(reached)
    },
    60_000,
  )

  test('sink: every record is where it belongs before its offset is committed, and the counts are those of the records before it', async () => {
    const [total, partitions] = [20_000, 2]
    const name = cluster.name('killed')
    const topic = await cluster.topic('killed', partitions)
    const [dead, file] = [`${name}.dead`, path.join(dir, 'ledger')]
    await cluster.put(
      topic,
      Array.from({ length: total }, (_, n) => ({ value: Buffer.from(String(n)), partition: n % partitions })),
    )
    const worker = workerSettings({
      'offset.storage.file.filename': path.join(dir, 'positions.json'),
      // Small fetches, so that there is time to be killed.
      'consumer.fetch.max.bytes': '4096',
      'consumer.max.partition.fetch.bytes': '2048',
      'producer.batch.size': '1024',
      // Each run takes the place of the one before, instead of waiting until its session is over.
      'consumer.group.instance.id': name,
    })
    const connector = {
      name,
      'connector.class': 'ledger',
      topics: topic,
      file,
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': dead,
      'errors.deadletterqueue.topic.replication.factor': '-1',
      'errors.deadletterqueue.context.headers.enable': 'true',
    }
    /** Records that the file or the dead letter topic has. */
    const found = async (): Promise<Set<string>> => {
      const letters = (await cluster.read(dead)).map(({ headers }) => readQuarantineHeaders(headers)!.origin!)
      const lines = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').slice(0, -1) : []
      return new Set([...lines, ...letters.map(({ partition, offset }) => `${partition}/${offset}`)])
    }
    const checked = async (): Promise<number> => {
      const committed = await cluster.committed(name, topic)
      const has = await found()
      for (const { partition, offset, tally } of committed) {
        const last = Array.from({ length: offset }, (_, at) => (at * partitions + partition) % 10)
        const [threes, sevens] = [3, 7].map((digit) => last.filter((one) => one === digit).length)
        expect(tally).toEqual({
          in: offset,
          passed: offset - threes! - sevens!,
          marked: 0,
          quarantined: threes === 0 ? {} : { put: threes },
          dropped: sevens === 0 ? {} : { seven: sevens },
        })
        const missing = last.flatMap((digit, at) => (digit === 7 || has.has(`${partition}/${at}`) ? [] : [at]))
        expect(missing).toEqual([])
      }
      return committed.reduce((sum, { offset }) => sum + offset, 0)
    }
    for (let round = 0; round < ROUNDS; round++) {
      await runAndKill(worker, connector, 30 + Math.random() * 150)
      expect(await checked()).toBeLessThan(total)
    }
    const last = await startWorker({
      plugins: connectors,
      connectors: [connector],
      worker: { ...worker, 'consumer.fetch.max.bytes': '1000000', 'consumer.max.partition.fetch.bytes': '500000' },
    })
    await eventually(
      'all is committed',
      async () => (await cluster.committed(name, topic)).reduce((sum, { offset }) => sum + offset, 0) === total,
    )
    await last.stop()
    expect(await checked()).toBe(total)
  }, 60_000)
})
