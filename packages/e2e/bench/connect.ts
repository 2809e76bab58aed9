/**
 * A distributed worker beside Java's Connect 4.3.1, on one embedded broker, asked by REST alone: start-up, answers, states, and what
 * records cost. CPU is that of the worker with all processes it has started.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from '@sluice/kafka'
import { whyNoApacheKafka } from '../trials/broker-on-trial.ts'
import {
  type Cluster,
  ConnectWorkerProcess,
  type Runtime,
  type Status,
  until,
} from '../trials/connect/connect-worker.ts'
import type { BenchCase } from './bench-case.ts'
import { startEmbedded } from './broker.ts'
import { cpuSecondsOfTree, residentMiBOfTree } from './process-tree.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const STATE_MS = 60_000
const FLOW_MS = 300_000
const LINE = `${'x'.repeat(99)}\n`

interface Figures {
  readonly [name: string]: number
}

/** Bars: `reference` of the peer is measured in the same run. */
const CASES: readonly { readonly name: string; readonly unit: BenchCase['unit']; readonly bar?: number }[] = [
  { name: 'start until /connectors answers', unit: 'CPU-s', bar: 0.8 },
  { name: 'memory then', unit: 'MiB', bar: 120 },
  { name: 'a GET of /connectors', unit: 'ms', bar: 0.2 },
  { name: 'create a connector', unit: 'ms', bar: 20 },
  { name: 'create until RUNNING, wall', unit: 'ms', bar: 80 },
  { name: 'restart of a task until RUNNING, wall', unit: 'ms', bar: 100 },
  { name: 'pause until PAUSED, wall', unit: 'ms', bar: 50 },
  { name: 'delete until gone, wall', unit: 'ms', bar: 100 },
  { name: 'file source, 1,000,000 lines of 100 B, String', unit: 'CPU-s', bar: 1.5 },
  { name: 'file source, 1,000,000 lines of 100 B, JSON', unit: 'CPU-s', bar: 2.5 },
]

export async function bench(short: boolean): Promise<readonly BenchCase[]> {
  const why = whyNoApacheKafka()
  if (why !== null) console.log(`  Java's Connect is not here (${why}): not run`)
  // What is measured is what is installed: compiled.
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' })
  const broker = await startEmbedded()
  try {
    const ours = await measure('sluice', broker.address, short)
    const theirs = why === null ? await measure('java', broker.address, short) : null
    return CASES.map(({ name, unit, bar }) => ({
      name,
      unit,
      ours: ours[name]!,
      peer: [{ name: 'Kafka Connect 4.3.1', value: theirs?.[name] ?? null }],
      ...(bar === undefined ? {} : { bar }),
    }))
  } finally {
    broker.end()
  }
}

async function measure(runtime: Runtime, bootstrap: string, short: boolean): Promise<Figures> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-connect-'))
  const cluster: Cluster = { bootstrap, groupId: `bench-${runtime}`, folder, isCompiled: true }
  const worker = await ConnectWorkerProcess.start(runtime, cluster)
  try {
    const started = { cpu: cpuSecondsOfTree(worker.pid), memory: residentMiBOfTree(worker.pid) }
    const gets = await costOfGets(worker, short ? 200 : 2000)
    const states = await statesOf(worker, folder)
    const lines = short ? 20_000 : 1_000_000
    const text = await flow(worker, bootstrap, folder, lines, 'org.apache.kafka.connect.storage.StringConverter')
    const json = await flow(worker, bootstrap, folder, lines, 'org.apache.kafka.connect.json.JsonConverter')
    return {
      'start until /connectors answers': started.cpu,
      'memory then': started.memory,
      'a GET of /connectors': gets,
      ...states,
      'file source, 1,000,000 lines of 100 B, String': text,
      'file source, 1,000,000 lines of 100 B, JSON': json,
    }
  } finally {
    await worker.end('SIGTERM')
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

/** CPU of the worker for one, in ms, warm. */
async function costOfGets(worker: ConnectWorkerProcess, count: number): Promise<number> {
  for (let i = 0; i < count / 2; i++) await worker.ask('GET', '/connectors')
  const before = cpuSecondsOfTree(worker.pid)
  for (let i = 0; i < count; i++) await worker.ask('GET', '/connectors')
  return ((cpuSecondsOfTree(worker.pid) - before) * 1000) / count
}

/** The middle one of five of each. */
async function statesOf(worker: ConnectWorkerProcess, folder: string): Promise<Figures> {
  const file = path.join(folder, 'states.txt')
  fs.writeFileSync(file, LINE)
  const config = { 'connector.class': 'FileStreamSource', 'tasks.max': '1', topic: 'states', file }
  const took: Record<string, number[]> = {}
  const note = (what: string, value: number): void => void (took[what] ??= []).push(value)
  const timed = async (
    what: string,
    ask: () => Promise<unknown>,
    state: string | null,
    name: string,
  ): Promise<void> => {
    const since = performance.now()
    await ask()
    await reached(worker, name, state)
    note(what, performance.now() - since)
  }
  for (let i = 0; i < 6; i++) {
    const name = `states-${i}`
    const at = `/connectors/${name}`
    const cpu = cpuSecondsOfTree(worker.pid)
    const create = (): Promise<unknown> => worker.must('POST', '/connectors', { name, config })
    await timed('create until RUNNING, wall', create, 'RUNNING', name)
    note('create a connector', (cpuSecondsOfTree(worker.pid) - cpu) * 1000)
    await timed(
      'restart of a task until RUNNING, wall',
      () => worker.must('POST', `${at}/tasks/0/restart`),
      'RUNNING',
      name,
    )
    await timed('pause until PAUSED, wall', () => worker.must('PUT', `${at}/pause`), 'PAUSED', name)
    await timed('delete until gone, wall', () => worker.must('DELETE', at), null, name)
  }
  // The first of each is cold.
  return Object.fromEntries(Object.entries(took).map(([name, values]) => [name, middle(values.slice(1))]))
}

async function reached(worker: ConnectWorkerProcess, name: string, state: string | null): Promise<void> {
  const isReached = async (): Promise<boolean> => {
    const { status, body } = await worker.ask('GET', `/connectors/${name}/status`)
    if (state === null) return status === 404
    if (status !== 200) return false
    const { connector, tasks } = body as Status
    return tasks.length === 1 && [connector, ...tasks].every((work) => work.state === state)
  }
  await until(`${name} is ${state ?? 'gone'}`, isReached, STATE_MS, 5)
}

/** CPU-seconds of the worker per million lines from a file to a topic; a first run is warm-up. */
async function flow(
  worker: ConnectWorkerProcess,
  bootstrap: string,
  folder: string,
  lines: number,
  converter: string,
): Promise<number> {
  const file = path.join(folder, 'lines.txt')
  fs.writeFileSync(file, LINE.repeat(lines))
  const kafka = await connect({ bootstrapServers: bootstrap, clientId: 'bench' })
  let cost = 0
  try {
    for (const round of ['cold', 'warm']) {
      const topic = `flow-${worker.runtime}-${converter.split('.').at(-1)!}-${round}`
      await kafka.admin.ensureTopics([{ topic, partitions: 1 }])
      const config = {
        'connector.class': 'FileStreamSource',
        'tasks.max': '1',
        topic,
        file,
        'value.converter': converter,
        'value.converter.schemas.enable': 'false',
      }
      const before = cpuSecondsOfTree(worker.pid)
      await worker.must('PUT', `/connectors/${topic}/config`, config)
      const isThere = async (): Promise<boolean> => {
        const [end] = await kafka.admin.listOffsets([{ topic, partition: 0 }], 'latest')
        return (end?.offset ?? 0) >= lines
      }
      await until(`${lines} lines are in ${topic}`, isThere, FLOW_MS)
      cost = ((cpuSecondsOfTree(worker.pid) - before) * 1_000_000) / lines
      await worker.must('DELETE', `/connectors/${topic}`)
    }
  } finally {
    await kafka.close()
  }
  return cost
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}
