/**
 * Kafka's ConnectDistributedTest (its system tests), with real processes, for each protocol of the group; in brackets the names of the
 * scenarios there. `SLUICE_SCENARIO_ROUNDS` says how often all workers are bounced (there: 4).
 */
import fs from 'node:fs'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startEmbeddedKafka } from '@sluice/embedded-kafka'
import { systemClock, type RawSettings } from '@sluice/sdk'
import { eventually } from '../support/eventually.ts'
import { text } from '../support/fake-kafka.ts'
import { onBroker, TestCluster } from '../support/test-cluster.ts'
import { ConnectProcesses, type ConnectProcess } from './connect-process.ts'
import type { RestClient } from './rest-client.ts'

/** An authority and what it has signed for 127.0.0.1. */
const CERTS = path.join(import.meta.dirname, '../../../kafka/test/security/certs')
const pem = (name: string): string => fs.readFileSync(path.join(CERTS, name), 'utf8')

const ROUNDS = Number(process.env['SLUICE_SCENARIO_ROUNDS'] ?? 1)
const TOOLS = 'org.apache.kafka.connect.tools'
const SETTLE_MS = 60_000
const TEST_MS = 180_000
/** As long as nothing is to come: too short fails nobody. */
const SILENCE_MS = 300

onBroker('connect-distributed in processes of its own', () => {
  let kafka: TestCluster
  beforeAll(async () => {
    kafka = await TestCluster.open()
  })
  afterAll(() => kafka.close())

  const verifiableSource = (topic: string, more: RawSettings = {}): RawSettings => ({
    'connector.class': `${TOOLS}.VerifiableSourceConnector`,
    'tasks.max': '1',
    topic,
    throughput: '20',
    ...more,
  })
  const verifiableSink = (topic: string, more: RawSettings = {}): RawSettings => ({
    'connector.class': `${TOOLS}.VerifiableSinkConnector`,
    'tasks.max': '1',
    topics: topic,
    ...more,
  })
  const mock = (kind: 'source' | 'sink', mode: string, topic: string): RawSettings => ({
    'connector.class': `${TOOLS}.Mock${kind === 'source' ? 'Source' : 'Sink'}Connector`,
    ...(kind === 'sink' ? { topics: topic, 'consumer.override.auto.offset.reset': 'earliest' } : {}),
    mock_mode: mode,
    delay_ms: '500',
    // It stays FAILED until somebody restarts it, as in Kafka Connect.
    'restart.enable': 'false',
  })

  /** All workers say so. */
  const sayAll = async (workers: readonly RestClient[], name: string, state: string): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.becomes(name, state)))
  }

  describe.each([
    ['sessioned', 3],
    ['compatible', 2],
    ['eager', 2],
  ] as const)('%s, %i workers', (protocol, workers) => {
    let cluster: ConnectProcesses
    let worker: ConnectProcess

    beforeAll(async () => {
      cluster = await ConnectProcesses.of(workers, { 'connect.protocol': protocol, isolation: 'shared' })
      worker = cluster.workers[0]!
    }, TEST_MS)
    afterAll(() => cluster.stop(), TEST_MS)

    async function remove(...names: readonly string[]): Promise<void> {
      for (const name of names) await worker.must('DELETE', `/connectors/${name}`)
      for (const name of names) await worker.forgets(name)
    }

    test('a connector that has failed runs again after a restart (test_restart_failed_connector)', async () => {
      const topic = await kafka.topic('mock')
      await worker.configure('mock', mock('sink', 'connector-failure', topic))
      await worker.becomes('mock', 'FAILED/RUNNING')
      await worker.must('POST', '/connectors/mock/restart')
      await worker.becomes('mock', 'RUNNING/RUNNING')
      // Its mode is the same, so it fails again; with its task, KIP-745 (test_restart_connector_and_tasks_failed_connector).
      await worker.becomes('mock', 'FAILED/RUNNING')
      await worker.must('POST', '/connectors/mock/restart?includeTasks=true&onlyFailed=false')
      await worker.becomes('mock', 'RUNNING/RUNNING')
      await remove('mock')
    })

    test.each(['source', 'sink'] as const)(
      'a task of a %s that has failed runs again after a restart (test_restart_failed_task)',
      async (kind) => {
        const topic = await kafka.topic('mock')
        await worker.configure('mock', mock(kind, 'task-failure', topic))
        await worker.becomes('mock', 'RUNNING/FAILED')
        await worker.must('POST', '/connectors/mock/tasks/0/restart')
        await worker.becomes('mock', 'RUNNING/RUNNING')
        // test_restart_connector_and_tasks_failed_task
        await worker.becomes('mock', 'RUNNING/FAILED')
        await worker.must('POST', '/connectors/mock/restart?includeTasks=true&onlyFailed=true')
        await worker.becomes('mock', 'RUNNING/RUNNING')
        await remove('mock')
      },
    )

    test('paused, a source sends nothing, whichever worker is asked; resumed, it goes on (test_pause_and_resume_source)', async () => {
      const topic = await kafka.topic('paused')
      await worker.configure('source', verifiableSource(topic))
      await eventually('it sends', async () => (await kafka.count(topic)) > 0)
      await cluster.workers[1]!.must('PUT', '/connectors/source/pause')
      await sayAll(cluster.workers, 'source', 'PAUSED/PAUSED')
      const count = await kafka.count(topic)
      await systemClock.sleep(SILENCE_MS)
      expect(await kafka.count(topic)).toBe(count)
      await cluster.workers.at(-1)!.must('PUT', '/connectors/source/resume')
      await sayAll(cluster.workers, 'source', 'RUNNING/RUNNING')
      await eventually('it sends on', async () => (await kafka.count(topic)) > count)
      await remove('source')
    })

    test('paused, a sink is given nothing; resumed, it catches up (test_pause_and_resume_sink)', async () => {
      const topic = await kafka.topic('paused')
      const records = (first: number, count: number): readonly string[] =>
        Array.from({ length: count }, (_, n) => String(first + n))
      const given = (): number => cluster.printed('sink').filter(({ flushed }) => flushed === undefined).length
      await kafka.put(topic, records(0, 10))
      await worker.configure('sink', verifiableSink(topic))
      await eventually('it is given them', () => given() === 10)
      await cluster.workers[1]!.must('PUT', '/connectors/sink/pause')
      await sayAll(cluster.workers, 'sink', 'PAUSED/PAUSED')
      await kafka.put(topic, records(10, 10))
      await systemClock.sleep(SILENCE_MS)
      expect(given()).toBe(10)
      await cluster.workers.at(-1)!.must('PUT', '/connectors/sink/resume')
      await eventually('it is given the rest', () => given() === 20)
      await remove('sink')
    })

    test('levels of loggers: one worker, or all of them; a namespace, or root (test_dynamic_logging)', async () => {
      const [first, ...others] = cluster.workers as [ConnectProcess, ...ConnectProcess[]]
      /** Null where nobody has said anything of it. */
      const level = async (at: ConnectProcess, logger: string): Promise<string | null> => {
        const { status, body } = await at.ask('GET', `/admin/loggers/${logger}`)
        return status === 404 ? null : (body as { readonly level: string }).level
      }
      const name = 'org.apache.kafka.connect'
      const set = (scope: string, logger: string, to: string): Promise<unknown> =>
        first.must('PUT', `/admin/loggers/${logger}${scope}`, { level: to })
      for (const scope of ['', '?scope=worker']) {
        const before = await Promise.all(others.map((other) => level(other, name)))
        expect(await set(scope, name, scope === '' ? 'ERROR' : 'WARN')).toContain(name)
        expect(await level(first, name)).toBe(scope === '' ? 'ERROR' : 'WARN')
        expect(await Promise.all(others.map((other) => level(other, name)))).toEqual(before)
      }
      for (const [logger, to] of [
        [name, 'DEBUG'],
        ['root', 'ERROR'],
        ['root', 'INFO'],
      ] as const) {
        expect(await set('?scope=cluster', logger, to)).toBeUndefined()
        for (const each of cluster.workers) {
          await eventually(`${logger} is at ${to}`, async () => (await level(each, logger)) === to)
          if (logger === 'root') expect(await level(each, name)).toBe(to)
        }
      }
    })

    test('transforms change what is sent, and its schema (test_transformations)', async () => {
      const topic = await kafka.topic('transformed')
      const file = path.join(cluster.folder, 'transformed.txt')
      fs.writeFileSync(file, 'first\nsecond\n')
      await worker.configure('source', {
        'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector',
        file,
        topic,
        'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
        'value.converter.schemas.enable': 'true',
        transforms: 'hoistToStruct,insertTimestampField',
        'transforms.hoistToStruct.type': 'org.apache.kafka.connect.transforms.HoistField$Value',
        'transforms.hoistToStruct.field': 'content',
        'transforms.insertTimestampField.type': 'org.apache.kafka.connect.transforms.InsertField$Value',
        'transforms.insertTimestampField.timestamp.field': 'ts',
      })
      await eventually('both lines have arrived', async () => (await kafka.count(topic)) === 2)
      const values = (await kafka.values(topic)).map((value) => JSON.parse(value) as object)
      for (const [at, content] of ['first', 'second'].entries())
        expect(values[at]).toEqual({
          schema: {
            type: 'struct',
            fields: [
              { field: 'content', type: 'string', optional: false },
              {
                field: 'ts',
                name: 'org.apache.kafka.connect.data.Timestamp',
                type: 'int64',
                optional: true,
                version: 1,
              },
            ],
            optional: false,
          },
          payload: { content, ts: expect.any(Number) as unknown },
        })
      await remove('source')
    })

    test(
      `all workers are bounced in order, ${ROUNDS} times: nothing is missing, nothing is there twice, in the topic, in a file and in the sink (test_bounce clean, test_file_source_and_sink)`,
      async () => {
        const topic = await kafka.topic('bounced', 6)
        const lines = await kafka.topic('lines')
        const [from, to] = ['from.txt', 'to.txt'].map((name) => path.join(cluster.folder, name)) as [string, string]
        let written = ''
        const write = (): void => {
          const more = Array.from({ length: 20 }, (_, n) => `line ${written.length} ${n}\n`).join('')
          fs.appendFileSync(from, more)
          written += more
        }
        write()
        await worker.configure('verifiable-source', verifiableSource(topic, { 'tasks.max': '3' }))
        await worker.configure('verifiable-sink', verifiableSink(topic, { 'tasks.max': '3' }))
        await worker.configure('file-source', { 'connector.class': 'FileStreamSource', file: from, topic: lines })
        await worker.configure('file-sink', { 'connector.class': 'FileStreamSink', file: to, topics: lines })
        await allRun(cluster, 4)
        for (let round = 0; round < ROUNDS; round++)
          for (const each of cluster.workers.slice()) {
            write()
            await cluster.bounce(each, 'SIGTERM')
            await allRun(cluster, 4)
          }
        worker = cluster.workers[0]!
        write()
        await eventually('all lines have come through', () => fs.readFileSync(to, 'utf8').length >= written.length)
        expect(fs.readFileSync(to, 'utf8')).toBe(written)
        let sent = await drained(cluster, topic)
        let flushed = NOTHING
        const flushedBySink = (): Ledger =>
          ledger(cluster.printed('verifiable-sink').filter((fact) => fact.flushed === true))
        // A task on another worker may send a little more before it is stopped.
        await eventually(
          'the sink has all',
          async () => {
            flushed = flushedBySink()
            sent = await sentTo(topic)
            return isDeepStrictEqual(flushed.numbers, sent.numbers)
          },
          SETTLE_MS,
        )
        expect(sent.twice).toEqual([])
        expect(sent.missing).toEqual([])
        expect(flushed.twice).toEqual([])
        expect(flushed.numbers).toEqual(sent.numbers)
        await remove('verifiable-source', 'verifiable-sink', 'file-source', 'file-sink')
      },
      TEST_MS,
    )

    // What is stored of a target state does not depend on the protocol.
    if (protocol === 'sessioned')
      test(
        'paused stays paused when all workers are restarted (test_pause_state_persistent)',
        async () => {
          const topic = await kafka.topic('paused')
          await worker.configure('source', verifiableSource(topic))
          await worker.runs('source', 1)
          await worker.must('PUT', '/connectors/source/pause')
          await sayAll(cluster.workers, 'source', 'PAUSED/PAUSED')
          const before = cluster.workers.splice(0)
          await Promise.all(before.map((each) => each.end('SIGTERM')))
          await Promise.all(before.map(() => cluster.add()))
          worker = cluster.workers[0]!
          const ids = new Set(cluster.workers.map(({ workerId }) => workerId))
          await eventually('a new worker has it', async () =>
            ids.has((await worker.status('source'))?.tasks[0]?.worker_id ?? ''),
          )
          await sayAll(cluster.workers, 'source', 'PAUSED/PAUSED')
          await worker.must('PUT', '/connectors/source/resume')
          await worker.runs('source', 1)
        },
        TEST_MS,
      )
  })

  test(
    `all workers are killed one after the other, ${ROUNDS} times: nothing is missing in the topic or in the sink (test_bounce hard)`,
    async () => {
      const cluster = await ConnectProcesses.of(2)
      try {
        const [worker] = cluster.workers as [ConnectProcess]
        const topic = await kafka.topic('killed')
        const file = path.join(cluster.folder, 'sink.txt')
        await worker.configure('verifiable-source', verifiableSource(topic, { 'tasks.max': '3' }))
        // What is in a file is not lost with the pipe of a worker that is killed.
        await worker.configure('file-sink', { 'connector.class': 'FileStreamSink', file, topics: topic })
        await allRun(cluster, 2)
        await bounceAll(cluster, 'SIGKILL', 2)
        const sent = await drained(cluster, topic)
        expect(sent.missing).toEqual([])
        const count = await kafka.count(topic)
        const lines = (): readonly string[] => fs.readFileSync(file, 'utf8').trimEnd().split('\n')
        await eventually('the sink has all', () => lines().length >= count, SETTLE_MS)
        const values = new Set(await kafka.values(topic))
        await eventually('each is in the file', () => new Set(lines()).size === values.size, SETTLE_MS)
      } finally {
        await cluster.stop()
      }
    },
    TEST_MS,
  )

  test(
    `exactly once: all workers are stopped, then killed, one after the other, ${ROUNDS} times: nothing is missing, nothing is there twice (test_exactly_once_source clean, hard)`,
    async () => {
      const cluster = await ConnectProcesses.of(2, { 'exactly.once.source.support': 'enabled' })
      try {
        const [worker] = cluster.workers as [ConnectProcess]
        const topic = await kafka.topic('once', 3)
        const config = verifiableSource(topic, { 'tasks.max': '3', 'exactly.once.support': 'required' })
        await worker.configure('verifiable-source', config)
        // test_restart_failed_task, exactly once
        await worker.configure('mock', mock('source', 'task-failure', topic))
        await worker.becomes('mock', 'RUNNING/FAILED')
        await worker.must('POST', '/connectors/mock/tasks/0/restart')
        await worker.becomes('mock', 'RUNNING/RUNNING')
        await worker.must('DELETE', '/connectors/mock')
        await worker.forgets('mock')
        await allRun(cluster, 1)
        await bounceAll(cluster, 'SIGTERM', 1)
        await bounceAll(cluster, 'SIGKILL', 1)
        const sent = await drained(cluster, topic)
        expect(sent.missing).toEqual([])
        expect(sent.twice).toEqual([])
      } finally {
        await cluster.stop()
      }
    },
    TEST_MS,
  )

  test(
    'over TLS and a login, exactly once and not: lines come through from file to file while the worker is bounced (test_file_source_and_sink SASL_SSL)',
    async () => {
      const sasl = { users: { alice: 'alice-secret' } }
      const tls = { cert: pem('broker.pem'), key: pem('broker.key') }
      const broker = await startEmbeddedKafka({ listener: { tls, sasl } })
      const security = {
        'bootstrap.servers': broker.bootstrapServers,
        'security.protocol': 'SASL_SSL',
        'sasl.mechanism': 'PLAIN',
        'sasl.jaas.config':
          'org.apache.kafka.common.security.plain.PlainLoginModule required username="alice" password="alice-secret";',
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.location': path.join(CERTS, 'ca.pem'),
      }
      const below = (prefix: string): RawSettings =>
        Object.fromEntries(Object.entries(security).map(([key, value]) => [`${prefix}${key}`, value]))
      try {
        for (const support of ['enabled', 'disabled']) {
          const settings = { ...security, ...below('producer.'), ...below('consumer.'), ...below('admin.') }
          const cluster = await ConnectProcesses.of(1, { ...settings, 'exactly.once.source.support': support })
          try {
            const [from, to] = ['from.txt', 'to.txt'].map((name) => path.join(cluster.folder, name)) as [string, string]
            const topic = `lines-${support}`
            const source = { 'connector.class': 'FileStreamSource', file: from, topic }
            const sink = { 'connector.class': 'FileStreamSink', file: to, topics: topic }
            const has = (text: string): Promise<void> =>
              eventually(
                'the lines have come through',
                () => fs.existsSync(to) && fs.readFileSync(to, 'utf8') === text,
                SETTLE_MS,
              )
            fs.writeFileSync(from, 'foo\nbar\n')
            const [first] = cluster.workers as [ConnectProcess]
            await first.configure('source', source)
            await first.configure('sink', { ...sink, 'consumer.override.isolation.level': 'read_committed' })
            await has('foo\nbar\n')
            await cluster.bounce(first, 'SIGTERM')
            fs.appendFileSync(from, 'baz\n')
            await has('foo\nbar\nbaz\n')
          } finally {
            await cluster.stop()
          }
        }
      } finally {
        await broker.close()
      }
    },
    TEST_MS,
  )

  async function bounceAll(
    cluster: ConnectProcesses,
    signal: 'SIGTERM' | 'SIGKILL',
    connectors: number,
  ): Promise<void> {
    for (let round = 0; round < ROUNDS; round++)
      for (const each of cluster.workers.slice()) {
        await cluster.bounce(each, signal)
        await allRun(cluster, connectors)
      }
  }

  /** So many connectors, each with a task or more, run on workers that are there. */
  async function allRun(cluster: ConnectProcesses, connectors: number): Promise<void> {
    const ids = new Set(cluster.workers.map(({ workerId }) => workerId))
    await eventually(
      `${connectors} connectors run`,
      async () => {
        const statuses = [...(await cluster.workers[0]!.statuses()).values()]
        const work = statuses.flatMap(({ connector, tasks }) => [connector, ...tasks])
        const isUp = work.every(({ state, worker_id: id }) => state === 'RUNNING' && ids.has(id))
        return isUp && statuses.length === connectors && statuses.every(({ tasks }) => tasks.length > 0)
      },
      SETTLE_MS,
    )
  }

  async function sentTo(topic: string): Promise<Ledger> {
    const read = await kafka.read(topic, 'read_committed')
    return ledger(read.map(({ key, value }) => ({ task: text(key), seqno: text(value) })))
  }

  /** Stops the source; what it has sent. */
  async function drained(cluster: ConnectProcesses, topic: string): Promise<Ledger> {
    const [worker] = cluster.workers as [ConnectProcess]
    await worker.must('PUT', '/connectors/verifiable-source/stop')
    await worker.becomes('verifiable-source', 'STOPPED/')
    const sent = await sentTo(topic)
    expect(sent.numbers.length).toBeGreaterThan(0)
    return sent
  }
})

interface Ledger {
  /** `task:number`, sorted. */
  readonly numbers: readonly string[]
  readonly twice: readonly string[]
  /** Below the last one of its task. */
  readonly missing: readonly string[]
}

const NOTHING: Ledger = { numbers: [], twice: [], missing: [] }

function ledger(facts: readonly { readonly task: number | string; readonly seqno: number | string }[]): Ledger {
  const seen = new Map<string, Set<number>>()
  const twice: string[] = []
  for (const { task, seqno } of facts) {
    const numbers = seen.get(String(task)) ?? new Set<number>()
    seen.set(String(task), numbers)
    if (numbers.has(Number(seqno))) twice.push(`${task}:${seqno}`)
    numbers.add(Number(seqno))
  }
  const missing = [...seen].flatMap(([task, numbers]) =>
    Array.from({ length: Math.max(...numbers) }, (_, n) => n)
      .filter((n) => !numbers.has(n))
      .map((n) => `${task}:${n}`),
  )
  const all = [...seen].flatMap(([task, numbers]) => [...numbers].map((n) => `${task}:${n}`))
  return { numbers: all.toSorted(), twice, missing }
}
