/**
 * A distributed worker beside Java's Connect 4.3.1, on one embedded broker, asked by REST alone: start-up, answers, states, and what
 * records cost. CPU is that of the worker with all processes it has started, as a `CpuMeter` tells.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { connect } from '@sluice/kafka'
import { whyNoApacheKafka } from '../trials/broker-on-trial.ts'
import { ConnectWorkerProcess, type Runtime, type Status, until } from '../trials/connect/connect-worker.ts'
import type { BenchCase } from './bench-case.ts'
import { startEmbedded } from './broker.ts'
import { CpuMeter } from './cpu-meter.ts'
import { memoryMiBOfTree, proportionalMiBOfChildren } from './process-tree.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const STATE_MS = 60_000
const FLOW_MS = 300_000
/** How much of everything: the short form shows that it runs, and no more. `restMs`: in which cells that were asked something have gone, spare ones are there. */
const FULL = {
  gets: 2000,
  states: 10,
  blocks: { cold: 2, warm: 7 },
  lines: 1_000_000,
  restMs: 3000,
  idleAfterMs: 20_000,
  idleMs: 60_000,
}
const SHORT: typeof FULL = {
  gets: 200,
  states: 1,
  blocks: { cold: 1, warm: 1 },
  lines: 20_000,
  restMs: 500,
  idleAfterMs: 2000,
  idleMs: 3000,
}
/** How many are created one after the other between two looks at the CPU, and what they get to come to rest before and behind. */
const BLOCK = 10
const BLOCK_REST_MS = 1000
/** Whether one runs is asked so rarely that the answers cost next to nothing. */
const BLOCK_LOOK_MS = 25
const GET_BLOCKS = 5
/** How often a worker that has nothing to do wakes up: as Kafka Connect does where nobody says otherwise. */
const KAFKA_DEFAULTS: Readonly<Record<string, string>> = {
  'session.timeout.ms': '10000',
  'heartbeat.interval.ms': '3000',
  'offset.flush.interval.ms': '60000',
}
const CONVERTERS = [
  ['String', 'org.apache.kafka.connect.storage.StringConverter'],
  ['JSON', 'org.apache.kafka.connect.json.JsonConverter'],
] as const
const LINE = `${'x'.repeat(99)}\n`

interface Figures {
  readonly [name: string]: number
}

interface Case {
  readonly name: string
  readonly unit: BenchCase['unit']
  readonly bar?: number
  /** What Kafka Connect has nothing of. */
  readonly isOursAlone?: boolean
}

/** Bars: `reference` of the peer is measured in the same run. */
const CASES: readonly Case[] = [
  { name: 'start until /connectors answers', unit: 'CPU-s', bar: 0.8 },
  { name: 'memory then', unit: 'MiB', bar: 120 },
  { name: 'a GET of /connectors', unit: 'ms', bar: 0.2 },
  // A process for each connector is more than the bar was set for, so that it holds where connectors share theirs.
  { name: 'create a connector', unit: 'CPU-ms' },
  { name: 'create until RUNNING', unit: 'ms', bar: 80 },
  { name: 'a spare cell, started behind it', unit: 'CPU-ms', isOursAlone: true },
  { name: 'create ten in a row, until all are RUNNING, each', unit: 'ms' },
  { name: 'restart of a task until RUNNING', unit: 'ms', bar: 100 },
  { name: 'pause until PAUSED', unit: 'ms', bar: 50 },
  { name: 'delete until gone', unit: 'ms', bar: 100 },
  { name: 'one of ten cells that have nothing to do', unit: 'MiB', bar: 45, isOursAlone: true },
  { name: 'file source, 1,000,000 lines of 100 B, String', unit: 'CPU-s', bar: 1.5 },
  { name: 'file source, 1,000,000 lines of 100 B, JSON', unit: 'CPU-s', bar: 2.5 },
  { name: 'shared cell: create a connector', unit: 'CPU-ms', bar: 20 },
  // With the process in which settings are looked at, which is there for the second.
  { name: 'shared cell: create a connector, the first ten', unit: 'CPU-ms' },
  { name: 'shared cell: create until RUNNING', unit: 'ms', bar: 80 },
  { name: 'shared cell: 50 tasks that have nothing to do', unit: '% of a core', bar: 0.5 },
  { name: 'shared cell: memory then', unit: 'MiB', bar: 150 },
]

export async function bench(short: boolean): Promise<readonly BenchCase[]> {
  const why = whyNoApacheKafka()
  if (why !== null) console.log(`  Java's Connect is not here (${why}): not run`)
  // What is measured is what is installed: compiled.
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' })
  const amounts = short ? SHORT : FULL
  const broker = await startEmbedded()
  try {
    const ours = await measure('sluice', broker.address, amounts)
    const theirs = why === null ? await measure('java', broker.address, amounts) : null
    return CASES.map(({ name, unit, bar, isOursAlone }) => ({
      name,
      unit,
      ours: ours[name]!,
      peer: isOursAlone === true ? [] : [{ name: 'Kafka Connect 4.3.1', value: theirs?.[name] ?? null }],
      ...(bar === undefined ? {} : { bar }),
    }))
  } finally {
    broker.end()
  }
}

/** Ours: first with a cell for each connector, as is the default. */
export async function measure(runtime: Runtime, bootstrap: string, amounts: typeof FULL): Promise<Figures> {
  const figures: Record<string, number> = {}
  // It takes minutes: what is known is said.
  const note = (more: Figures): void => {
    for (const [name, value] of Object.entries(more)) console.log(`  .. ${runtime}: ${name}: ${value.toPrecision(3)}`)
    Object.assign(figures, more)
  }
  const source = 'file source, 1,000,000 lines of 100 B'
  await withWorker(runtime, bootstrap, 'connector', async (worker, folder) => {
    const meter = new CpuMeter(worker.pid)
    note({
      'start until /connectors answers': meter.seconds(),
      'memory then': memoryMiBOfTree(worker.pid),
    })
    note({ 'a GET of /connectors': await costOfGets(worker, meter, amounts.gets) })
    note(await statesOf(worker, meter, folder, amounts))
    note({ 'create ten in a row, until all are RUNNING, each': await rowOf(worker, folder, amounts) })
    if (runtime !== 'java')
      note({ 'one of ten cells that have nothing to do': await idleCells(worker, folder, amounts) })
    for (const [name, converter] of CONVERTERS)
      note({ [`${source}, ${name}`]: await flow(worker, meter, bootstrap, folder, amounts.lines, converter) })
  })
  await withWorker(runtime, bootstrap, 'shared', async (worker, folder) => {
    await create(worker, folder, 'the-first')
    await reached(worker, 'the-first', 'RUNNING')
    const meter = new CpuMeter(worker.pid)
    const { first, warm } = await costOfCreations(worker, meter, folder, amounts)
    note({
      'shared cell: create a connector': warm,
      'shared cell: create a connector, the first ten': first,
    })
    const states = await statesOf(worker, meter, folder, amounts)
    note({ 'shared cell: create until RUNNING': states['create until RUNNING']! })
    await worker.must('DELETE', '/connectors/the-first')
    const idle = await idleTasks(worker, meter, folder, amounts)
    note({
      'shared cell: 50 tasks that have nothing to do': idle.share,
      'shared cell: memory then': idle.memory,
    })
  })
  return figures
}

async function withWorker(
  runtime: Runtime,
  bootstrap: string,
  isolation: 'connector' | 'shared',
  work: (worker: ConnectWorkerProcess, folder: string) => Promise<void>,
): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-connect-'))
  const groupId = `bench-${runtime}-${isolation}`
  const settings = { ...(isolation === 'shared' ? KAFKA_DEFAULTS : {}), ...(runtime === 'java' ? {} : { isolation }) }
  const worker = await ConnectWorkerProcess.start(runtime, { bootstrap, groupId, folder, settings, isCompiled: true })
  try {
    await work(worker, folder)
  } finally {
    await worker.end('SIGTERM')
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

/** CPU of the worker for one, in ms, warm: of the middle one of some blocks. */
async function costOfGets(worker: ConnectWorkerProcess, meter: CpuMeter, count: number): Promise<number> {
  const block = count / GET_BLOCKS
  const costs: number[] = []
  for (let n = -GET_BLOCKS / 2; n < GET_BLOCKS; n++) {
    const before = meter.seconds()
    for (let i = 0; i < block; i++) await worker.ask('GET', '/connectors')
    if (n >= 0) costs.push(((meter.seconds() - before) * 1000) / block)
  }
  return middle(costs)
}

/**
 * CPU for one connector with one task, in ms, from its creation until it runs and all that follows has come to rest: in blocks of ten,
 * deleted between the blocks. `first`: of the first block. `warm`: of the middle one of the blocks behind those that are warm-up.
 */
async function costOfCreations(
  worker: ConnectWorkerProcess,
  meter: CpuMeter,
  folder: string,
  { blocks }: typeof FULL,
): Promise<{ readonly first: number; readonly warm: number }> {
  const costs: number[] = []
  for (let block = 0; block < blocks.cold + blocks.warm; block++) {
    const names = Array.from({ length: BLOCK }, (_, i) => `block-${block}-${i}`)
    await sleep(BLOCK_REST_MS)
    const before = meter.seconds()
    for (const name of names) {
      await create(worker, folder, name)
      await reached(worker, name, 'RUNNING', BLOCK_LOOK_MS)
    }
    await sleep(BLOCK_REST_MS)
    costs.push(((meter.seconds() - before) * 1000) / BLOCK)
    await deleteAll(worker, names)
  }
  return { first: costs[0]!, warm: middle(costs.slice(blocks.cold)) }
}

/** Of each so many, one after the other, with a worker that has come to rest before each is created; told is the middle one. */
async function statesOf(
  worker: ConnectWorkerProcess,
  meter: CpuMeter,
  folder: string,
  { states, restMs }: typeof FULL,
): Promise<Figures> {
  const took: Record<string, number[]> = {}
  const note = (what: string, value: number): void => void (took[what] ??= []).push(value)
  const timed = async (
    what: string,
    name: string,
    state: string | null,
    ask: () => Promise<unknown>,
  ): Promise<void> => {
    const since = performance.now()
    await ask()
    await reached(worker, name, state)
    note(what, performance.now() - since)
  }
  for (let i = 0; i <= states; i++) {
    const name = `states-${i}`
    const at = `/connectors/${name}`
    await sleep(restMs)
    const before = meter.seconds()
    await timed('create until RUNNING', name, 'RUNNING', () => create(worker, folder, name))
    const behind = meter.seconds()
    note('create a connector', (behind - before) * 1000)
    await sleep(restMs)
    note('a spare cell, started behind it', (meter.seconds() - behind) * 1000)
    await timed('restart of a task until RUNNING', name, 'RUNNING', () => worker.must('POST', `${at}/tasks/0/restart`))
    await timed('pause until PAUSED', name, 'PAUSED', () => worker.must('PUT', `${at}/pause`))
    await timed('delete until gone', name, null, () => worker.must('DELETE', at))
  }
  // The first of each is cold.
  return Object.fromEntries(Object.entries(took).map(([name, [, ...warm]]) => [name, middle(warm)]))
}

/** Until all of them are RUNNING, in ms for each: nobody waits for the worker to come to rest. */
async function rowOf(worker: ConnectWorkerProcess, folder: string, { restMs }: typeof FULL): Promise<number> {
  const names = Array.from({ length: 10 }, (_, i) => `row-${i}`)
  await sleep(restMs)
  const since = performance.now()
  for (const name of names) await create(worker, folder, name)
  for (const name of names) await reached(worker, name, 'RUNNING')
  const each = (performance.now() - since) / names.length
  await deleteAll(worker, names)
  return each
}

/** The largest of ten cells, each with a task that has nothing to do, in MiB of its proportional set size. */
async function idleCells(worker: ConnectWorkerProcess, folder: string, { idleAfterMs }: typeof FULL): Promise<number> {
  const names = Array.from({ length: 10 }, (_, i) => `cell-${i}`)
  for (const name of names) await create(worker, folder, name)
  for (const name of names) await reached(worker, name, 'RUNNING')
  await sleep(idleAfterMs)
  const largest = Math.max(...proportionalMiBOfChildren(worker.pid))
  await deleteAll(worker, names)
  return largest
}

/** As the peer's own measurement: 50 of them, 20 s to come to rest, then for a minute. */
async function idleTasks(
  worker: ConnectWorkerProcess,
  meter: CpuMeter,
  folder: string,
  { idleAfterMs, idleMs }: typeof FULL,
): Promise<{ readonly share: number; readonly memory: number }> {
  const names = Array.from({ length: 50 }, (_, i) => `idle-${i}`)
  for (const name of names) await create(worker, folder, name)
  for (const name of names) await reached(worker, name, 'RUNNING')
  await sleep(idleAfterMs)
  const before = meter.seconds()
  await sleep(idleMs)
  const share = ((meter.seconds() - before) / (idleMs / 1000)) * 100
  return { share, memory: memoryMiBOfTree(worker.pid) }
}

async function create(worker: ConnectWorkerProcess, folder: string, name: string): Promise<void> {
  const file = path.join(folder, `${name}.txt`)
  fs.writeFileSync(file, LINE)
  const config = { 'connector.class': 'FileStreamSource', 'tasks.max': '1', topic: 'states', file }
  await worker.must('POST', '/connectors', { name, config })
}

async function deleteAll(worker: ConnectWorkerProcess, names: readonly string[]): Promise<void> {
  for (const name of names) await worker.must('DELETE', `/connectors/${name}`)
  for (const name of names) await reached(worker, name, null)
}

async function reached(worker: ConnectWorkerProcess, name: string, state: string | null, lookMs = 5): Promise<void> {
  const isReached = async (): Promise<boolean> => {
    const { status, body } = await worker.ask('GET', `/connectors/${name}/status`)
    if (state === null) return status === 404
    if (status !== 200) return false
    const { connector, tasks } = body as Status
    return tasks.length === 1 && [connector, ...tasks].every((work) => work.state === state)
  }
  await until(`${name} is ${state ?? 'gone'}`, isReached, STATE_MS, lookMs)
}

/** CPU-seconds of the worker per million lines from a file to a topic; a first run is warm-up. */
async function flow(
  worker: ConnectWorkerProcess,
  meter: CpuMeter,
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
      const before = meter.seconds()
      await worker.must('PUT', `/connectors/${topic}/config`, config)
      const isThere = async (): Promise<boolean> => {
        const [end] = await kafka.admin.listOffsets([{ topic, partition: 0 }], 'latest')
        return (end?.offset ?? 0) >= lines
      }
      await until(`${lines} lines are in ${topic}`, isThere, FLOW_MS)
      cost = ((meter.seconds() - before) * 1_000_000) / lines
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
