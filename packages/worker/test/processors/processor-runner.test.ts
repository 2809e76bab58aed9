import { expect, test } from '@jest/globals'
import type { RawSettings } from '@sluice/sdk'
import { FakeClock, MemoryLogger } from '@sluice/sdk/testing'
import { Catalogue, type CatalogueChange } from '../../src/catalogue/catalogue.ts'
import { MemoryTable } from '../../src/catalogue/memory-table.ts'
import type { TaskProgress } from '../../src/cells/inline-host.ts'
import type { TaskStart } from '../../src/cells/work-host.ts'
import type { TargetState, TaskId, WorkState } from '../../src/herder/herder.ts'
import type { PausedKey } from '../../src/record-path/task-control.ts'
import { LastLines } from '../../src/processors/last-lines.ts'
import { ProcessorRunner, type ProcessorHost } from '../../src/processors/processor-runner.ts'
import { ProcessorShelf } from '../../src/processors/processor-shelf.ts'
import { StatusTeller } from '../../src/processors/status-teller.ts'

/** Runs nothing, and remembers what it was asked for. */
class IdleHost implements ProcessorHost {
  readonly calls: string[] = []
  readonly connectors: readonly string[] = []
  readonly tasks: readonly TaskId[] = []
  readonly starts: TaskStart[] = []
  shown: readonly TaskProgress[] = []
  progress: ProcessorHost['progress'] = async () => this.shown

  async startConnector(): Promise<void> {}
  async stopConnector(): Promise<boolean> {
    return true
  }
  async startTask(start: TaskStart): Promise<void> {
    this.starts.push(start)
    this.calls.push(`start ${start.id.connector}-${start.id.task} ${start.targetState}`)
  }
  async stopTasks(ids: readonly TaskId[]): Promise<readonly TaskId[]> {
    this.calls.push(`stop ${ids.map(({ connector, task }) => `${connector}-${task}`).join()}`)
    return []
  }
  async setTargetState(name: string, state: TargetState, keys?: readonly PausedKey[]): Promise<void> {
    this.calls.push(`${state} ${name}${keys?.map(({ topic, key }) => ` but ${topic}:${key}`).join('') ?? ''}`)
  }
  async taskConfigs(): Promise<readonly RawSettings[]> {
    return []
  }
  restartsItself(trace: string): boolean {
    return trace.startsWith('The cell')
  }
  async stop(): Promise<void> {}
}

const deployed = (name: string, number: number, config: RawSettings = {}): CatalogueChange => ({
  key: { kind: 'processor', name, worker: null },
  value: {
    deployments: [
      {
        number,
        id: String(number),
        application: name,
        version: '1',
        config: { 'processor.class': 'copy', name, ...config },
        at: number,
      },
    ],
  },
})
const target = (name: string, state: 'RUNNING' | 'PAUSED'): CatalogueChange => ({
  key: { kind: 'target-state', name, worker: null },
  value: { state },
})

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => void setImmediate(resolve))
}

function open(catalogue?: Catalogue) {
  const clock = new FakeClock()
  const logger = new MemoryLogger()
  const host = new IdleHost()
  const shelf = new ProcessorShelf(['copy'])
  const lines = new LastLines(clock)
  const found = catalogue ?? new Catalogue(new MemoryTable(), { clock, logger })
  const teller = new StatusTeller({
    catalogue: found,
    worker: 'w:1',
    url: 'http://w:1/',
    processors: shelf.names,
    clock,
    logger,
  })
  const runner = new ProcessorRunner({
    catalogue: found,
    host,
    shelf,
    teller,
    lines,
    resolve: async (config) => ({ settings: config, values: new Set(['opensesame']) }),
    stopMs: 1_000,
    clock,
    logger,
  })
  const write = async (...changes: readonly CatalogueChange[]): Promise<void> => {
    await found.write(changes)
    await settle()
  }
  const tell = async (name: string, task: number, state: WorkState, trace: string | null = null): Promise<void> => {
    runner.taskState({ connector: name, task }, state, trace, '1')
    await settle()
  }
  const instances = (name: string) => found.statuses(name).get('w:1')?.instances
  return { clock, host, catalogue: found, lines, teller, runner, write, tell, instances }
}

test('what is in the catalogue runs, with as many instances as it says; new settings stop it first; deleted it stops', async () => {
  const { runner, host, write, instances } = open()
  runner.start()
  await write(deployed('a', 1, { instances: '2' }))
  expect(host.calls.splice(0)).toEqual(['start a/0-0 STARTED', 'start a/1-1 STARTED'])
  expect(host.starts[0]?.connectorConfig).toMatchObject({ name: 'a', 'application.id': 'a', 'processor.class': 'copy' })
  expect(instances('a')?.map(({ state }) => state)).toEqual(['UNASSIGNED', 'UNASSIGNED'])
  await write(deployed('a', 2))
  expect(host.calls.splice(0)).toEqual(['stop a/0-0,a/1-1', 'start a-0 STARTED'])
  await write({ key: { kind: 'processor', name: 'a', worker: null }, value: null })
  expect(host.calls.splice(0)).toEqual(['stop a-0'])
  expect(instances('a')).toBeUndefined()
  await runner.stop()
})

test('of several instances each is a process of its own, and is asked, paused and started again by itself', async () => {
  const { runner, host, write, tell, instances, clock } = open()
  runner.start()
  await write(deployed('a', 1, { instances: '2' }))
  for (const instance of [0, 1]) await tell(`a/${instance}`, instance, 'RUNNING')
  host.calls.length = 0
  host.progress = async (connector) => [
    { id: { connector, task: Number(connector.at(-1)) }, progress: { streamsState: connector, tasks: [] } },
  ]
  clock.advance(1_000)
  await settle()
  expect(instances('a')?.map(({ streamsState }) => streamsState)).toEqual(['a/0', 'a/1'])
  await tell('a/1', 1, 'FAILED', 'no such topic')
  clock.advance(1_000)
  await settle()
  expect(host.calls.splice(0)).toEqual(['stop a/1-1', 'start a/1-1 STARTED'])
  expect(instances('a')?.map(({ state }) => state)).toEqual(['RUNNING', 'RESTARTING'])
  await write(target('a', 'PAUSED'))
  expect(host.calls).toEqual(['PAUSED a/0', 'PAUSED a/1'])
  await runner.stop()
})

test('what was deployed goes with each instance, so that a fresh disk knows it, too', async () => {
  const { runner, host, write } = open()
  runner.start()
  await write({ key: { kind: 'topology', name: 'a', worker: null }, value: { written: '{}' } }, deployed('a', 1))
  expect(host.starts.map((start) => start.config)).toEqual([{ 'sluice.written.topology': '{}' }])
  await runner.stop()
})

test('what config providers gave it is kept in none of its lines', async () => {
  const { runner, lines, write, tell, instances } = open()
  runner.start()
  await write(deployed('a', 1))
  lines.logger(new MemoryLogger()).warn('opensesame', { cell: 'processor a' })
  expect(lines.of('a')).toMatchObject([{ message: '[hidden]' }])
  await tell('a', 0, 'FAILED', 'The cell of processor a exited with code 3.\nits last lines: opensesame')
  expect(instances('a')).toMatchObject([{ trace: expect.stringMatching(/its last lines: \[hidden\]$/) as unknown }])
  await runner.stop()
})

test('what this worker has no code of is left to others', async () => {
  const { runner, host, write, catalogue } = open()
  runner.start()
  await write(deployed('a', 1, { 'processor.class': 'other' }))
  expect(host.calls).toEqual([])
  expect(catalogue.statuses('a').size).toBe(0)
  await runner.stop()
})

test('pause and resume go to what runs; what is paused when it is found starts paused; a restart starts all anew', async () => {
  const { runner, host, write } = open()
  runner.start()
  await write(target('a', 'PAUSED'), deployed('a', 1))
  await write(target('a', 'RUNNING'))
  await write(target('a', 'PAUSED'))
  await write({ key: { kind: 'restart', name: 'a', worker: null }, value: { id: 'x' } })
  expect(host.calls).toEqual(['start a-0 PAUSED', 'STARTED a', 'PAUSED a', 'stop a-0', 'start a-0 PAUSED'])
  await runner.stop()
})

test('a new worker begins with what is there, and takes back what it said in an earlier life', async () => {
  const before = open()
  await before.write(deployed('a', 1), {
    key: { kind: 'status', name: 'gone', worker: 'w:1' },
    value: { deployment: 1, instances: [] },
  })
  const { runner, host, catalogue } = open(before.catalogue)
  runner.start()
  await settle()
  expect(host.calls).toEqual(['start a-0 STARTED'])
  expect(catalogue.statusesOf('w:1')).toEqual(['a'])
  await runner.stop()
})

test('an instance that fails is started again with longer and longer pauses, and says so', async () => {
  const { runner, host, write, tell, instances, clock } = open()
  runner.start()
  await write(deployed('a', 1))
  host.calls.length = 0
  await tell('a', 0, 'FAILED', 'no such topic')
  expect(instances('a')).toMatchObject([
    { state: 'FAILED', trace: expect.stringMatching(/^no such topic\nAutomatic restart 1: /) },
  ])
  clock.advance(999)
  await settle()
  expect(host.calls).toEqual([])
  clock.advance(1)
  await settle()
  expect(host.calls.splice(0)).toEqual(['stop a-0', 'start a-0 STARTED'])
  expect(instances('a')).toMatchObject([{ state: 'RESTARTING' }])
  await tell('a', 0, 'FAILED', 'no such topic')
  clock.advance(3_999)
  await settle()
  expect(host.calls).toEqual([])
  clock.advance(1)
  await settle()
  expect(host.calls).toEqual(['stop a-0', 'start a-0 STARTED'])
  await tell('a', 0, 'RUNNING')
  expect(instances('a')).toMatchObject([{ state: 'RUNNING', trace: null, version: '1' }])
  await runner.stop()
})

test('what died with its cell is the cell’s to start again', async () => {
  const { runner, host, write, tell, instances, clock } = open()
  runner.start()
  await write(deployed('a', 1))
  host.calls.length = 0
  await tell('a', 0, 'FAILED', 'The cell of processor a exited')
  clock.advance(600_000)
  await settle()
  expect(host.calls).toEqual([])
  expect(instances('a')).toMatchObject([{ state: 'FAILED', trace: 'The cell of processor a exited' }])
  await runner.stop()
})

test('which tasks it has is looked at, and told when they are others; what does not run has none', async () => {
  const { runner, host, write, tell, instances, clock } = open()
  runner.start()
  await write(deployed('a', 1))
  await tell('a', 0, 'RUNNING')
  const tasks = [{ id: '0_1', partitions: [{ topic: 't', partition: 1 }] }]
  host.shown = [{ id: { connector: 'a', task: 0 }, progress: { streamsState: 'RUNNING', tasks } }]
  clock.advance(1_000)
  await settle()
  expect(instances('a')).toMatchObject([{ streamsState: 'RUNNING', tasks }])
  await tell('a', 0, 'PAUSED')
  expect(instances('a')).toMatchObject([{ state: 'PAUSED', streamsState: null, tasks: [] }])
  await runner.stop()
})

test('a host that once cannot say how far its tasks are is asked again', async () => {
  const { runner, host, write, tell, instances, clock } = open()
  runner.start()
  await write(deployed('a', 1))
  await tell('a', 0, 'RUNNING')
  host.progress = async () => Promise.reject(new Error('not now'))
  clock.advance(1_000)
  await settle()
  host.progress = async () => [{ id: { connector: 'a', task: 0 }, progress: { streamsState: 'RUNNING', tasks: [] } }]
  clock.advance(1_000)
  await settle()
  expect(instances('a')).toMatchObject([{ streamsState: 'RUNNING' }])
  await runner.stop()
})

test('settings that came to be wrong since they were deployed fail it, with the reason, and nothing is started', async () => {
  const { runner, host, write, instances } = open()
  runner.start()
  await write(deployed('a', 1, { instances: 'many' }))
  expect(host.calls).toEqual([])
  expect(instances('a')).toMatchObject([{ state: 'FAILED', trace: expect.stringMatching(/instances/) }])
  await runner.stop()
})

test('a worker says that it is there as long as there are processors, and takes everything back when it stops', async () => {
  const { runner, teller, write, catalogue, clock } = open()
  teller.start()
  runner.start()
  await settle()
  expect(catalogue.workers).toEqual([])
  await write(deployed('a', 1))
  clock.advance(1_000)
  await settle()
  expect(catalogue.workers).toMatchObject([{ worker: 'w:1', url: 'http://w:1/', processors: ['copy'] }])
  const [first] = catalogue.workers
  for (let beat = 0; beat < 10; beat++) {
    clock.advance(1_000)
    await settle()
  }
  expect(catalogue.workers[0]!.at).toBe(first!.at + 10_000)
  await runner.stop()
  await teller.stop()
  expect(catalogue.workers).toEqual([])
  expect(catalogue.statuses('a').size).toBe(0)
})

test('what a worker left behind that is long gone is cleaned away', async () => {
  const { runner, teller, write, catalogue, clock } = open()
  await write(
    deployed('a', 1),
    { key: { kind: 'worker', name: 'w:2', worker: null }, value: { url: 'http://w:2/', processors: [], at: 0 } },
    { key: { kind: 'status', name: 'a', worker: 'w:2' }, value: { deployment: 1, instances: [] } },
  )
  teller.start()
  await settle()
  expect(catalogue.statuses('a').has('w:2')).toBe(true)
  clock.advance(700_000)
  await settle()
  expect(catalogue.statuses('a').has('w:2')).toBe(false)
  expect(catalogue.workers.map(({ worker }) => worker)).toEqual(['w:1'])
  await runner.stop()
  await teller.stop()
})

test('keys that are paused are told to what runs, which is not started anew for them; what starts knows them from the first', async () => {
  const { runner, host, write, tell, clock } = open()
  const keys = [{ topic: 'in', key: 'eA==' }]
  const paused = (value: { readonly keys: readonly PausedKey[] } | null): CatalogueChange => ({
    key: { kind: 'paused-keys', name: 'a', worker: null },
    value,
  })
  runner.start()
  await write(deployed('a', 1, { instances: '2' }))
  host.calls.splice(0)
  await write(paused({ keys }))
  expect(host.calls.splice(0)).toEqual(['STARTED a/0 but in:eA==', 'STARTED a/1 but in:eA=='])
  await write(target('a', 'PAUSED'))
  expect(host.calls.splice(0)).toEqual(['PAUSED a/0 but in:eA==', 'PAUSED a/1 but in:eA=='])
  await write(target('a', 'RUNNING'))
  host.calls.splice(0)
  host.starts.splice(0)
  await tell('a/0', 0, 'FAILED', 'It threw')
  clock.advance(60_000)
  await settle()
  await write(deployed('a', 2))
  expect(host.starts.map(({ pausedKeys }) => pausedKeys)).toEqual(host.starts.map(() => keys))
  expect(host.starts).toHaveLength(2)
  host.calls.splice(0)
  await write(paused(null))
  expect(host.calls).toEqual(['STARTED a'])
  await runner.stop()
})
