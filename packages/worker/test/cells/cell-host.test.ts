import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { FakeClock, MemoryLogger } from '@sluice/sdk/testing'
import { CellHost, type CellHostOptions } from '../../src/cells/cell-host.ts'
import type { Isolation } from '../../src/cells/placement.ts'
import type { TaskStart } from '../../src/cells/work-host.ts'
import { FakeCells } from './fake-cell-process.ts'

let clock: FakeClock
let cells: FakeCells
let told: string[]
let host: CellHost
let tidied: number

function open(isolation: Isolation = 'connector', options: Partial<CellHostOptions> = {}): void {
  host = new CellHost({
    isolation,
    module: 'none',
    given: null,
    events: {
      connectorState: (connector, state, trace) => told.push(`${connector} ${state} ${trace ?? ''}`.trimEnd()),
      taskState: ({ connector, task }, state, trace) =>
        told.push(`${connector}-${task} ${state} ${trace ?? ''}`.trimEnd()),
      reconfigurationRequested: () => undefined,
      topicUsed: () => undefined,
    },
    guard: { fence: () => Promise.resolve(), verify: () => Promise.reject(new Error('not yours')) },
    logger: new MemoryLogger(),
    clock,
    spareCells: 0,
    spawn: cells.spawn,
    tidy: () => void tidied++,
    ...options,
  })
}

beforeEach(() => {
  clock = new FakeClock()
  cells = new FakeCells()
  told = []
  tidied = 0
})
afterEach(async () => {
  for (const cell of cells.all) cell.answers = true
  await host.stop(1000)
})

const connector = (name: string, config = {}): Parameters<CellHost['startConnector']>[0] => ({
  connector: name,
  config: { name, ...config },
  targetState: 'STARTED',
})
const task = (name: string, n = 0, config = {}): TaskStart => ({
  id: { connector: name, task: n },
  config: {},
  connectorConfig: { name, ...config },
  targetState: 'STARTED',
  tasks: 1,
  isExactlyOnce: false,
})

/** Lets promises settle, and time pass, a heart-beat at a time. */
async function pass(ms: number): Promise<void> {
  await settle()
  for (let left = ms; left > 0; left -= 1000) {
    clock.advance(Math.min(left, 1000))
    await settle()
  }
}
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

describe('where connectors run', () => {
  test('isolated: each in a cell of its own, with all its tasks; there is none before there is work', async () => {
    open()
    expect(cells.all).toHaveLength(0)
    await host.startConnector(connector('a'))
    await host.startTask(task('a', 0))
    await host.startTask(task('a', 1))
    await host.startConnector(connector('b'))
    expect(cells.all.map(({ calls }) => calls)).toEqual([
      ['startConnector', 'startTask', 'startTask'],
      ['startConnector'],
    ])
    expect(host.connectors).toEqual(['a', 'b'])
    expect(host.tasks).toHaveLength(2)
  })

  test('shared: together, up to the most of a cell; a connector may say otherwise for itself', async () => {
    open('shared', { sharedMax: 2 })
    for (const name of ['a', 'b', 'c']) await host.startConnector(connector(name))
    await host.startConnector(connector('own', { isolation: 'connector' }))
    expect(host.cells().map(({ name }) => name)).toEqual(['shared cell 1', 'shared cell 2', 'connector own'])
    expect(cells.all[0]!.calls).toEqual(['startConnector', 'startConnector'])
  })

  test('a shared cell takes all the work that there is for it at once, however much that is; questions beyond a bound are refused', async () => {
    cells.areAnswering = false
    open('shared')
    for (let n = 0; n < 1500; n++) await host.startTask(task('a', n))
    await host.startConnector(connector('a'))
    await settle()
    expect(cells.last.calls).toHaveLength(1501)
    expect(told).toEqual([])
    const asked = Array.from({ length: 1000 }, () => host.taskConfigs('a', 1))
    await expect(host.taskConfigs('a', 1)).rejects.toMatchObject({
      code: 'CELL_BUSY',
      message: expect.stringContaining('is not asked taskConfigs: it owes 1000 answers'),
      remedy: expect.not.stringContaining('cell.request.timeout.ms'),
    })
    cells.last.exit({ code: 0 })
    await Promise.allSettled(asked)
  })

  test('a spare cell is started when the first was needed, and taken by the next connector', async () => {
    open('connector', { spareCells: 1 })
    await host.startConnector(connector('a'))
    await pass(1000)
    expect(cells.all).toHaveLength(2)
    await host.startConnector(connector('b'))
    expect(cells.all).toHaveLength(2)
    expect(cells.all[1]!.calls).toEqual(['startConnector'])
  })

  test('while connectors are being created no spare cell is started beside them', async () => {
    open('connector', { spareCells: 1 })
    for (const name of ['a', 'b', 'c']) {
      await host.startConnector(connector(name))
      await pass(900)
    }
    expect(cells.all).toHaveLength(3)
    await pass(1100)
    expect(cells.all).toHaveLength(4)
  })

  test('a connector begins where its settings were just looked at', async () => {
    open()
    const config = { 'connector.class': 'x', name: 'a' }
    await host.validate(config)
    await host.startConnector(connector('a', config))
    await host.startTask(task('a', 0, config))
    expect(cells.all.map(({ calls }) => calls)).toEqual([['validate', 'startConnector', 'startTask']])
    await host.validate(config)
    expect(cells.all[1]!.calls).toEqual(['validate'])
    expect(host.cells().map(({ name }) => name)).toEqual(['validation of x, 1', 'connector a'])
  })

  test('but not where another connector was looked at, which may have left something behind', async () => {
    open()
    await host.validate({ 'connector.class': 'x', name: 'other' })
    await host.validate({ 'connector.class': 'x', name: 'a' })
    await host.startConnector(connector('a', { 'connector.class': 'x' }))
    expect(cells.all.map(({ calls }) => calls)).toEqual([['validate', 'validate'], ['startConnector']])
  })

  test('nor where its settings for another class were, nor where a question is still open', async () => {
    open()
    await host.validate({ 'connector.class': 'x', name: 'a' })
    await host.startConnector(connector('a', { 'connector.class': 'y' }))
    cells.areAnswering = false
    const asked = host.validate({ 'connector.class': 'z', name: 'b' })
    await host.startConnector(connector('b', { 'connector.class': 'z' }))
    expect(cells.all.map(({ calls }) => calls)).toEqual([
      ['validate'],
      ['startConnector'],
      ['validate'],
      ['startConnector'],
    ])
    cells.all[2]!.say({ type: 'answer', seq: 1, value: [], error: null })
    await asked
  })

  test('of many questions at once some wait together, so that no more processes begin at once than there are cores', async () => {
    open('shared', { beginningMax: 2 })
    cells.areAnswering = false
    cells.areWell = false
    const asked = Array.from({ length: 6 }, (_, n) => host.validate({ 'connector.class': 'x', name: `c${n}` }))
    expect(cells.all.map(({ calls }) => calls.length)).toEqual([3, 3])
    cells.all[0]!.say({ type: 'ready' })
    const late = host.validate({ 'connector.class': 'x', name: 'late' })
    expect(cells.all.map(({ calls }) => calls.length)).toEqual([3, 3, 1])
    for (const cell of cells.all) cell.exit({ code: 1 })
    await Promise.allSettled([...asked, late])
  })

  test('one that was asked about settings is kept for a while: more questions come', async () => {
    open('connector', { lingerMs: 5000 })
    cells.areAnswering = true
    await host.validate({ 'connector.class': 'x' })
    await pass(14_000)
    await host.validate({ 'connector.class': 'x' })
    expect(cells.all.map(({ calls }) => calls)).toEqual([['validate', 'validate']])
    await pass(14_000)
    expect(cells.last.calls).not.toContain('stop')
    await pass(3000)
    expect(cells.last.calls).toContain('stop')
  })

  test('what is described once more is looked at in a new process, with the code as it is by then', async () => {
    open('connector', { lingerMs: 0 })
    await host.describe({ 'connector.class': 'x', name: 'a' })
    await host.describe({ 'connector.class': 'x', name: 'b' })
    expect(cells.all.map(({ calls }) => calls)).toEqual([['describe', 'describe']])
    await host.describe({ 'connector.class': 'x', name: 'b' })
    expect(cells.all.map(({ calls }) => calls)).toEqual([['describe', 'describe', 'stop'], ['describe']])
    // It begins where it was looked at last.
    await host.startTask(task('b', 0, { 'connector.class': 'x' }))
    expect(cells.last.calls).toEqual(['describe', 'startTask'])
  })

  test('where none is kept, what stops and starts does so in a new process', async () => {
    open('connector', { lingerMs: 0 })
    await host.startTask(task('a'))
    await host.stopTasks([{ connector: 'a', task: 0 }], 1000)
    await host.startTask(task('a'))
    expect(cells.all.map(({ calls }) => calls)).toEqual([['startTask', 'stopTasks', 'stop'], ['startTask']])
    expect(host.tasks).toEqual([{ connector: 'a', task: 0 }])
  })

  test('memory is given back once, when nothing was started for a while', async () => {
    open()
    await pass(9000)
    await host.startConnector(connector('a'))
    await pass(9000)
    expect(tidied).toBe(0)
    await pass(1000)
    expect(tidied).toBe(1)
    await pass(60_000)
    expect(tidied).toBe(1)
  })

  test('a cell that has had no work for a while is stopped', async () => {
    open('connector', { lingerMs: 5000 })
    await host.startConnector(connector('a'))
    cells.last.results.set('stopConnector', true)
    expect(await host.stopConnector('a', 1000)).toBe(true)
    await pass(4000)
    expect(cells.last.calls).not.toContain('stop')
    await pass(3000)
    expect(cells.last.calls).toContain('stop')
    expect(host.cells()).toEqual([])
  })
})

test('cells are counted, with the memory of each, and those that ended before their time', async () => {
  open('connector', { lingerMs: 1000 })
  const read = async (): Promise<readonly string[]> =>
    (await host.metrics()).samples.map(({ name, labels, value }) => `${name} ${labels['cell'] ?? ''} ${value}`)
  await host.startConnector(connector('a'))
  await host.startConnector(connector('b'))
  for (const cell of cells.all) cell.results.set('metrics', { samples: [], figures: [] })
  cells.last.resident = 70_000_000
  await pass(2000)
  expect(await read()).toEqual([
    'sluice_cells  2',
    'sluice_cell_deaths_total  0',
    'sluice_cell_resident_bytes connector a 50000000',
    'sluice_cell_resident_bytes connector b 70000000',
  ])
  cells.last.exit({ code: 1 })
  cells.all[0]!.results.set('stopConnector', true)
  await host.stopConnector('a', 1000)
  await pass(500)
  expect(await read()).toContain('sluice_cell_deaths_total  1')
  // One that has nothing more to do does not die: it is dismissed.
  await pass(5000)
  expect(cells.all[0]!.calls).toContain('stop')
  expect((await read()).slice(0, 2)).toEqual(['sluice_cells  1', 'sluice_cell_deaths_total  1'])
})

describe('a cell that ends before its time', () => {
  test('all that it had is FAILED with the reason, and starts again after a pause that grows with each death', async () => {
    open()
    await host.startConnector(connector('a'))
    await host.startTask(task('a'))
    cells.last.exit({ code: 3, lastLines: ['something went wrong'] })
    const reason = `FAILED The cell of connector a (process ${cells.last.pid}) exited with code 3.\nIts last lines of standard error:\n  something went wrong`
    expect(told).toEqual([`a ${reason}`, `a-0 ${reason}`])
    await pass(900)
    expect(cells.all).toHaveLength(1)
    await pass(100)
    expect(cells.all).toHaveLength(2)
    expect(cells.last.calls).toEqual(['startConnector', 'startTask'])
    cells.last.exit({ code: 3 })
    await pass(3900)
    expect(cells.all).toHaveLength(2)
    await pass(100)
    expect(cells.all).toHaveLength(3)
  })

  test('again and again soon after its start: it stays down, until somebody starts something by hand', async () => {
    open()
    await host.startTask(task('a'))
    for (const pauseMs of [1000, 4000]) {
      cells.last.exit({ code: 1 })
      await pass(pauseMs)
    }
    expect(cells.all).toHaveLength(3)
    cells.last.exit({ code: 1 })
    await pass(600_000)
    expect(cells.all).toHaveLength(3)
    expect(told.at(-1)).toMatch(/^a-0 FAILED/)
    expect(await host.stopTasks([{ connector: 'a', task: 0 }], 1000)).toEqual([])
    await host.startTask(task('a'))
    expect(cells.all).toHaveLength(4)
    // No credit: the next young death is the last.
    cells.last.exit({ code: 1 })
    await pass(600_000)
    expect(cells.all).toHaveLength(4)
  })

  test('after a long life: it begins to count anew', async () => {
    open()
    await host.startTask(task('a'))
    for (let life = 0; life < 5; life++) {
      await pass(301_000)
      cells.last.exit({ code: 1 })
      await pass(1000)
    }
    expect(cells.all).toHaveLength(6)
  })

  test('what had failed by itself keeps its own reason, and is not started again', async () => {
    open()
    await host.startTask(task('a', 0))
    await host.startTask(task('a', 1))
    cells.last.say({ type: 'task', id: { connector: 'a', task: 0 }, state: 'FAILED', trace: 'my own', version: null })
    told.length = 0
    cells.last.exit({ signal: 'SIGSEGV' })
    expect(told).toHaveLength(1)
    expect(told[0]).toMatch(/^a-1 FAILED .* was ended by SIGSEGV, not by its supervisor\./)
    await pass(1000)
    expect(cells.last.calls).toEqual(['startTask'])
  })

  test('keys that were paused while it ran are paused in the next one, also after a change of state', async () => {
    open()
    const [first, second] = [[{ topic: 't', key: 'YQ==' }], [{ topic: 't', key: 'Yg==' }]]
    await host.startTask({ ...task('a'), pausedKeys: first })
    await host.setTargetState('a', 'STARTED', second)
    await host.setTargetState('a', 'PAUSED')
    const orders = (): unknown[] =>
      cells.last.heard.flatMap((message) => (message.type === 'order' ? [message.args] : []))
    expect(orders().slice(1)).toEqual([
      ['a', 'STARTED', second],
      ['a', 'PAUSED'],
    ])
    cells.last.exit({ code: 1 })
    await pass(1000)
    expect(orders()).toEqual([[{ ...task('a'), targetState: 'PAUSED', pausedKeys: second }]])
  })

  test('what was told to it meanwhile is as it was told: paused stays paused, stopped is not started', async () => {
    open()
    await host.startTask(task('a', 0))
    await host.startTask(task('a', 1))
    cells.last.exit({ code: 1 })
    await host.setTargetState('a', 'PAUSED')
    expect(await host.stopTasks([{ connector: 'a', task: 1 }], 1000)).toEqual([])
    await pass(1000)
    const started = cells.last.heard.flatMap((message) => (message.type === 'order' ? [message.args[0]] : []))
    expect(started).toEqual([{ ...task('a', 0), targetState: 'PAUSED' }])
  })

  test('questions that wait are refused with the reason', async () => {
    open()
    await host.startConnector(connector('a'))
    cells.last.answers = false
    const asked = host.taskConfigs('a', 1)
    cells.last.exit({ code: 9 })
    await expect(asked).rejects.toMatchObject({ code: 'CELL_ENDED', message: expect.stringContaining('code 9') })
  })
})

describe('a shared cell that ends', () => {
  beforeEach(async () => {
    open('shared')
    for (const name of ['a', 'b', 'c']) await host.startTask(task(name))
  })

  test('for somebody: that one gets a cell of its own, after a pause; the others go on at once', async () => {
    cells.last.exit({ code: 1, words: { connector: 'b', reason: 'process.exit(1) was called' } })
    expect(told.map((line) => line.split(' ')[0])).toEqual(['a-0', 'b-0', 'c-0'])
    expect(told[0]).toContain('b: process.exit(1) was called')
    expect(cells.all).toHaveLength(2)
    expect(cells.last.calls).toEqual(['startTask', 'startTask'])
    await pass(1000)
    expect(host.cells().map(({ name }) => name)).toEqual(['shared cell 1', 'connector b'])
  })

  test('twice for unknown reasons: each gets a cell of its own', async () => {
    cells.last.exit({ code: 1 })
    await pass(1000)
    expect(host.cells().map(({ name }) => name)).toEqual(['shared cell 1'])
    cells.last.exit({ code: 1 })
    await pass(1000)
    expect(host.cells().map(({ name }) => name)).toEqual(['connector a', 'connector b', 'connector c'])
  })
})

test('what had failed by itself in a shared cell stays FAILED in a cell of its own', async () => {
  open('shared')
  for (const name of ['a', 'b']) await host.startTask(task(name))
  await host.startTask(task('b', 1))
  cells.last.say({ type: 'task', id: { connector: 'b', task: 1 }, state: 'FAILED', trace: 'bad line', version: null })
  told.length = 0
  cells.last.exit({ code: 1, words: { connector: 'b', reason: 'process.exit(1) was called' } })
  await pass(1000)
  expect(told.map((line) => line.split(' ')[0])).toEqual(['a-0', 'b-0'])
  expect(host.cells().map(({ name }) => name)).toEqual(['shared cell 1', 'connector b'])
  expect(cells.last.calls).toEqual(['startTask'])
})

describe('a cell that is watched', () => {
  beforeEach(async () => {
    open()
    await host.startTask(task('a'))
    await pass(1000)
  })

  test('and does not turn its event loop for the longest time is ended: SIGTERM, then SIGKILL; the trace says in whose code', async () => {
    Object.assign(cells.last, { isWell: false, inside: { connector: 'a', task: 0, what: 'poll' } })
    await pass(29_000)
    expect(cells.last.signals).toEqual([])
    const [stalled] = cells.all
    await pass(3000)
    expect(stalled!.signals.slice(0, 2)).toEqual(['SIGTERM', 'SIGKILL'])
    expect(told.at(-1)).toMatch(
      /was ended: its event loop has stood still for 30 s, inside of poll of task a-0, longer than cell\.stall\.timeout\.ms allows\./,
    )
  })

  test('and was silent because the supervisor itself slept is left alone', async () => {
    cells.last.isWell = false
    await pass(1000)
    clock.advance(3_600_000)
    await settle()
    expect(cells.last.signals).toEqual([])
  })

  test('and is larger than it may be, for longer than a moment, is ended', async () => {
    cells.last.resident = 1_100_000_000
    await pass(2000)
    expect(cells.last.signals).toEqual([])
    await pass(1000)
    expect(cells.last.signals).toEqual(['SIGTERM'])
    await pass(5000)
    expect(told.at(-1)).toContain('it had 1049 MiB of memory, and may have 1024 MiB')
  })
})

describe('a stop', () => {
  test('that the cell does not answer ends the cell; those that were to stop count as cancelled', async () => {
    open()
    await host.startTask(task('a'))
    cells.last.answers = false
    const stopping = host.stopTasks([{ connector: 'a', task: 0 }], 2000)
    await pass(2000)
    expect(await stopping).toEqual([{ connector: 'a', task: 0 }])
    expect(cells.last.signals).toEqual(['SIGKILL'])
    expect(told).toEqual([])
    expect(host.tasks).toEqual([])
  })

  test('that a shared cell does not answer in time is waited for longer: its end would be that of others too', async () => {
    open('shared')
    for (const name of ['a', 'b']) await host.startTask(task(name))
    cells.last.answers = false
    const stopping = host.stopTasks([{ connector: 'a', task: 0 }], 2000)
    await pass(9000)
    expect(cells.last.signals).toEqual([])
    await pass(1000)
    expect(await stopping).toEqual([{ connector: 'a', task: 0 }])
    expect(cells.last.signals).toEqual(['SIGKILL'])
  })

  test('of what a cell has that is being ended waits until it is gone: it may still write', async () => {
    open()
    await host.startTask(task('a'))
    cells.last.resident = 1_100_000_000
    await pass(3000)
    expect(cells.last.signals).toEqual(['SIGTERM'])
    let isStopped = false
    const stopping = host.stopTasks([{ connector: 'a', task: 0 }], 2000).then((late) => {
      isStopped = true
      return late
    })
    await pass(1900)
    expect(isStopped).toBe(false)
    await pass(100)
    expect(await stopping).toEqual([])
    expect(cells.last.signals).toEqual(['SIGTERM', 'SIGKILL'])
  })

  test('that leaves tasks behind ends a cell with nothing else in it, and no other', async () => {
    open()
    await host.startTask(task('a', 0))
    await host.startTask(task('a', 1))
    const id = { connector: 'a', task: 0 }
    cells.last.results.set('stopTasks', [id])
    expect(await host.stopTasks([id], 2000)).toEqual([id])
    expect(cells.last.signals).toEqual([])
    cells.last.results.set('stopTasks', [{ connector: 'a', task: 1 }])
    await host.stopTasks([{ connector: 'a', task: 1 }], 2000)
    expect(cells.last.signals).toEqual(['SIGKILL'])
  })

  test('gives the cell less time than it has itself, so that the answer comes in time', async () => {
    open()
    await host.startTask(task('a'))
    await host.stopTasks([{ connector: 'a', task: 0 }], 10_000)
    expect(cells.last.heard).toContainEqual(
      expect.objectContaining({ what: 'stopTasks', args: [[{ connector: 'a', task: 0 }], 9_500] }),
    )
  })

  test('of the host stops all cells together, and kills what is left when the time is over', async () => {
    open()
    await host.startTask(task('a'))
    await host.startTask(task('b'))
    cells.all[1]!.answers = false
    const stopping = host.stop(3000)
    await settle()
    expect(cells.all.map(({ calls }) => calls.at(-1))).toEqual(['stop', 'stop'])
    await pass(3000)
    await stopping
    expect(cells.all.map(({ signals }) => signals)).toEqual([[], ['SIGKILL']])
    expect(told).toEqual([])
  })
})

test('settings of a connector with a cell of its own are looked at in a cell, also where others run inline', async () => {
  open('inline', {
    inline: () => Promise.reject(new Error('nothing of it may run here')),
  })
  await host.validate({ 'connector.class': 'x', isolation: 'connector' })
  expect(cells.all.map(({ calls }) => calls)).toEqual([['validate']])
})

test('a question that comes when the host stops starts no cell', async () => {
  open()
  await host.stop(1000)
  await expect(host.validate({ 'connector.class': 'x' })).rejects.toMatchObject({ code: 'INTERRUPTED' })
  expect(cells.all).toEqual([])
})

test('a validation has a cell of its own while another goes on, and one that takes too long is ended with its cell', async () => {
  open('connector', { requestTimeoutMs: 2000 })
  cells.areAnswering = false
  const asked = [host.validate({ 'connector.class': 'x' }), host.validate({ 'connector.class': 'x' })]
  const answers = Promise.allSettled(asked)
  expect(cells.all.map(({ calls }) => calls)).toEqual([['validate'], ['validate']])
  cells.all[1]!.say({ type: 'answer', seq: 1, value: [], error: null })
  await pass(2000)
  const remedy: unknown = expect.stringContaining('setting cell.request.timeout.ms')
  expect(await answers).toMatchObject([{ reason: { code: 'CELL_TIMEOUT', remedy } }, { value: [] }])
  expect(cells.all.map(({ signals }) => signals)).toEqual([['SIGKILL'], []])
})

test('what a connector sends through the channel of its cell harms nobody', async () => {
  open()
  await host.startTask(task('a'))
  const life = (): number | null => host.lastSignOfLife({ connector: 'a', task: 0 })
  const before = life()
  for (const odd of [
    null,
    7,
    'text',
    {},
    { type: 'log', lines: 3 },
    { type: 'log', lines: [{ level: 'constructor' }] },
    { type: 'pong' },
  ])
    cells.last.say(odd as never)
  expect(life()).toBe(before)
  await pass(3000)
  expect(cells.last.signals).toEqual([])
  expect(told).toEqual([])
})

test('questions of an exactly once source are handed on, and their refusals handed back', async () => {
  open()
  await host.startTask(task('a'))
  cells.last.say({ type: 'fence', seq: 7, connector: 'a' })
  cells.last.say({ type: 'verify', seq: 8, id: { connector: 'a', task: 0 } })
  await settle()
  const answers = cells.last.heard.filter(({ type }) => type === 'told')
  expect(answers).toMatchObject([
    { seq: 7, error: null },
    { seq: 8, error: { message: 'not yours' } },
  ])
})
