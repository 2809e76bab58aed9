/** Several tasks of one connector in one process that write one table. */
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { RawSettings, SinkTaskContext, TopicPartition, TopicPartitionOffset } from '@sluice/sdk'
import { FileStore } from '@sluice/object-store'
import { FaultyStore } from '@sluice/object-store/testing'
import type { Fault } from '@sluice/object-store/testing'
import { FakeClock, FakeSinkContext, SinkRun } from '@sluice/sdk/testing'
import { lakeSink } from '@sluice/connector-lake'
import type { DeltaTable } from '@sluice/lake'
import { CommitGroups } from '../src/group-commit.ts'
import { MemoryBudget } from '../src/memory-budget.ts'
import { LakeSinkTask } from '../src/sink-task.ts'
import { LakeFolder } from './lake-folder.ts'
import { span } from './lake-runs.ts'

class CountingClock extends FakeClock {
  sleeps = 0

  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.sleeps++
    return super.sleep(ms, signal)
  }
}

let folder: LakeFolder
let clock: CountingClock
/** Whether the store is away for the first task. */
let isAway: boolean
beforeEach(async () => {
  folder = await LakeFolder.make()
  clock = new CountingClock()
  isAway = false
})
afterEach(async () => {
  await folder.remove()
})

/** Tasks of one process: each has the partition of its number. */
function processOf(tasks: number, settings: RawSettings = {}, faults: readonly Fault[] = []): SinkRun[] {
  const groups = new CommitGroups()
  const parsed = lakeSink.settings.parse({ 'lake.url': folder.path, 'table.name': 'orders', ...settings })
  return Array.from({ length: tasks }, (_, i) => {
    const store = new FaultyStore(new FileStore(folder.path), i === 0 ? faults : [], () =>
      isAway && i === 0 ? 'refuse' : undefined,
    )
    const createTask = (__: unknown, context: SinkTaskContext): LakeSinkTask =>
      new LakeSinkTask(parsed, context, store, new MemoryBudget(), groups)
    return new SinkRun({ ...lakeSink, createTask }, { 'lake.url': folder.path }, new FakeSinkContext(clock))
  })
}

const partition = (number: number): TopicPartition => ({ topic: 'orders', partition: number })
/** Of the log, without those that make the table. */
const commits = async (): Promise<number> =>
  (await folder.log('orders')).filter((actions) => actions.some((action) => action['add'] !== undefined)).length
const rows = async (): Promise<number> =>
  Number((await folder.query('orders', 'select count(*) as n from $files'))[0]?.['n'] ?? 0)

async function started(runs: readonly SinkRun[]): Promise<void> {
  for (const [i, run] of runs.entries()) {
    await run.start([partition(i)])
    await run.put([])
  }
}

async function filled(runs: readonly SinkRun[], from: number, to: number): Promise<void> {
  for (const [i, run] of runs.entries()) await run.put(span(i, from, to))
}

type Flushed = readonly TopicPartitionOffset[] | Error

/** All flush, the first of them a little earlier, and time goes on, slowly while they can wait for each other, until they have. */
async function flushed(runs: readonly SinkRun[]): Promise<Flushed[]> {
  const open = new Set(runs)
  const flush = async (run: SinkRun): Promise<Flushed> => {
    try {
      return await run.flush(true)
    } catch (error) {
      return error as Error
    } finally {
      open.delete(run)
    }
  }
  const first = flush(runs[0]!)
  while (open.has(runs[0]!) && clock.sleeping === 0) await setTimeout(1)
  const all = Promise.all([first, ...runs.slice(1).map(flush)])
  while (open.size > 0) {
    await setTimeout(2)
    clock.advance(isAway ? 100 : 1)
  }
  return all
}

function metric(run: SinkRun, name: string): number {
  const [found] = [...run.context.metrics.snapshot()].filter(([key]) => key.startsWith(name))
  return found![1]
}

async function stopped(runs: readonly SinkRun[]): Promise<void> {
  for (const run of runs) await run.stop()
}

const done = (runs: readonly SinkRun[], offset: number): unknown[] => runs.map((_, i) => [{ ...partition(i), offset }])

describe('tasks that are due together', () => {
  test.each([
    ['make one commit', '500', 1],
    ['make one each where they shall not wait for each other', '0', 4],
  ])('%s, and go on from there', async (_, waitMs, perRound) => {
    const runs = processOf(4, { 'commit.group.wait.ms': waitMs, 'flush.size': '10' })
    await started(runs)
    for (let round = 1; round <= 3; round++) {
      await filled(runs, (round - 1) * 10, round * 10 - 1)
      expect(await flushed(runs)).toEqual(done(runs, round * 10))
      expect(await commits()).toBe(round * perRound)
    }
    await stopped(runs)
    expect(await rows()).toBe(120)
    // Who commits together races nobody.
    const conflicts = runs.reduce((sum, run) => sum + metric(run, 'sluice_lake_conflicts_total'), 0)
    expect(conflicts > 0).toBe(perRound > 1)
    const txns = Object.entries(await folder.txns('orders')).filter(([name]) => !name.startsWith('topic-of'))
    expect(txns).toHaveLength(4)
    expect(new Set(txns.map(([, version]) => version))).toEqual(new Set([29]))
  })

  test('say in the log what is of whom', async () => {
    const runs = processOf(2, { 'flush.size': '1' })
    await started(runs)
    await runs[0]!.put(span(0, 0, 4))
    await runs[1]!.put(span(1, 0, 2))
    await flushed(runs)
    await stopped(runs)
    const info = (await folder.log('orders')).at(-1)!.find((action) => action['commitInfo'] !== undefined)![
      'commitInfo'
    ]
    expect(info).toMatchObject({
      offsets: { 'orders-0': [0, 4], 'orders-1': [0, 2] },
      rows: { 'orders-0': 5, 'orders-1': 3 },
      operationMetrics: { numOutputRows: '8', numAddedFiles: '2' },
    })
  })

  test('nobody waits for tasks that have nothing, and for none longer than it is said', async () => {
    const runs = processOf(3, { 'flush.size': '10', 'commit.group.wait.ms': '50' })
    await started(runs)
    // The third is due and never comes: it hangs.
    await runs[0]!.put(span(0, 0, 9))
    await runs[2]!.put(span(2, 0, 9))
    expect(await flushed(runs.slice(0, 1))).toEqual(done(runs.slice(0, 1), 10))
    expect(clock.sleeps).toBe(1)
    expect(metric(runs[0]!, 'sluice_lake_last_commit_seconds')).toBeGreaterThanOrEqual(0.05)
    await stopped(runs.slice(2))
    await runs[0]!.put(span(0, 10, 19))
    await flushed(runs.slice(0, 1))
    expect(clock.sleeps).toBe(1)
    await stopped(runs.slice(0, 2))
    expect(await rows()).toBe(20)
  })

  test('rows that have waited for half of their time go with the commit of others', async () => {
    const runs = processOf(2, { 'rotate.interval.ms': '60000', 'flush.size': '10' })
    await started(runs)
    await runs[1]!.put(span(1, 0, 0))
    clock.advance(20_000)
    await runs[0]!.put(span(0, 0, 9))
    await flushed(runs.slice(0, 1))
    await runs[1]!.put([])
    expect(runs[1]!.context.commitRequests).toBe(0)
    clock.advance(10_000)
    await runs[1]!.put([])
    expect(runs[1]!.context.commitRequests).toBe(1)
    await stopped(runs)
  })
})

describe('when something is wrong', () => {
  const ENTRY = /_delta_log\/\d{20}\.json$/

  test('a zombie among them is fenced alone', async () => {
    const [here, there] = [processOf(3, { 'flush.size': '10' }), processOf(3, { 'flush.size': '10' })]
    await started(here)
    await filled(here, 0, 9)
    await flushed(here)
    // Another process has the second partition now.
    await there[1]!.start([partition(1)])
    await there[1]!.put(span(1, 10, 14))
    await flushed([there[1]!])
    await filled(here, 10, 19)
    const [first, second, third] = await flushed(here)
    expect([first, third]).toEqual([[{ ...partition(0), offset: 20 }], [{ ...partition(2), offset: 20 }]])
    expect(second).toMatchObject({ code: 'TABLE_FENCED' })
    await stopped([...here, ...there])
    expect(await rows()).toBe(55)
  })

  test.each<[string, Fault['effect']]>([
    ['was carried out', 'lose-answer'],
    ['was not', 'refuse'],
  ])(
    'a common commit whose outcome is unknown, and that %s: each settles its own, nothing is lost or doubled',
    async (_, effect) => {
      const meanwhile = async (): Promise<void> => void (isAway = true)
      const runs = processOf(3, { 'flush.size': '10' }, [{ effect, on: 'putIfAbsent', path: ENTRY, nth: 3, meanwhile }])
      await started(runs)
      await filled(runs, 0, 9)
      await flushed(runs)
      await filled(runs, 10, 19)
      // Those whose store answers settle it later too: what they hear of the first is that it does not know.
      expect(await flushed(runs)).toEqual(done(runs, 10))
      expect(await flushed(runs.slice(1))).toEqual(runs.slice(1).map((__, i) => [{ ...partition(i + 1), offset: 20 }]))
      isAway = false
      expect(await flushed(runs)).toEqual(done(runs, 20))
      await filled(runs, 20, 29)
      expect(await flushed(runs)).toEqual(done(runs, 30))
      await stopped(runs)
      expect(await rows()).toBe(90)
    },
  )

  test('the one that commits for all dies in the middle: the others commit, and who follows it goes on', async () => {
    for (const effect of ['crash-before', 'crash-after'] as const) {
      await folder.remove()
      folder = await LakeFolder.make()
      const runs = processOf(3, { 'flush.size': '10' }, [{ effect, on: 'putIfAbsent', path: ENTRY, nth: 2 }])
      await started(runs)
      await filled(runs, 0, 9)
      const [dead, ...others] = await flushed(runs)
      expect(dead).toBeInstanceOf(Error)
      expect(others).toEqual(done(runs, 10).slice(1))
      const [next] = processOf(1)
      const [begin] = await next!.start([partition(0)])
      await next!.put(span(0, begin!.offset, 19))
      expect(await flushed([next!])).toEqual([[{ ...partition(0), offset: 20 }]])
      await stopped([...runs.slice(1), next!])
      expect(await rows()).toBe(40)
    }
  })
})

test('whoever commits first is not called to commit once more by its own commit, but the others are', async () => {
  let reads = 0
  // Time that goes on while somebody looks at it.
  const ticking = Object.assign(new FakeClock(), { monotonic: () => reads++ })
  let isReady = false
  const groups = new CommitGroups()
  const join = () => groups.join('orders', { waitMs: 500, clock: ticking, newId: () => 'id', isReady: () => isReady })
  const [first, second] = [join(), join()]
  const table = { snapshot: { version: 1 }, appendAlone: async () => 1 } as unknown as DeltaTable
  await first.append(table, { txnId: 'a', files: [], txns: [] })
  isReady = true
  expect([first.isCalled, second.isCalled]).toEqual([false, true])
})
