import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { primitive, struct } from '@sluice/sdk'
import type { RawSettings, SinkTaskContext, StructSchema } from '@sluice/sdk'
import { MemoryStore } from '@sluice/object-store'
import { SinkRun } from '@sluice/sdk/testing'
import { lakeSink } from '@sluice/connector-lake'
import { LakeSinkTask } from '../src/sink-task.ts'
import { LakeFolder } from './lake-folder.ts'
import { P0, P1, order, sinkInto } from './lake-runs.ts'

let folder: LakeFolder
beforeEach(async () => {
  folder = await LakeFolder.make()
})
afterEach(async () => {
  await folder.remove()
})

const text = (optional: boolean): ReturnType<typeof primitive> => primitive('string', { optional })
const FIRST = struct({ id: primitive('int64') })
const OPTIONAL = struct({ id: primitive('int64'), note: text(true) })
const REQUIRED = struct({ id: primitive('int64'), note: text(false) })
const RELAXED = struct({ id: primitive('int64', { optional: true }) })

/** What becomes of a second record of another schema: the columns afterwards, or that it was refused. */
async function outcome(mode: string, second: StructSchema): Promise<string> {
  const run = sinkInto(folder, { 'schema.compatibility': mode, 'table.name': `${mode}-table` })
  await run.start([P0])
  await run.put([order(0, 0, { id: 1 }, FIRST), order(0, 1, { id: 2, note: 'x' }, second)])
  await run.flush(true)
  await run.stop()
  if (run.context.reported.length > 0) return (run.context.reported[0]!.error as { code: string }).code
  const [row] = await folder.query(`${mode}-table`)
  return Object.keys(row!).join(',')
}

test.each([
  ['EVOLVE', OPTIONAL, 'id,note'],
  ['EVOLVE', RELAXED, 'id'],
  ['BACKWARD', OPTIONAL, 'id,note'],
  ['BACKWARD', REQUIRED, 'TABLE_SCHEMA'],
  ['BACKWARD', RELAXED, 'id'],
  ['FULL', OPTIONAL, 'id,note'],
  ['FULL', RELAXED, 'TABLE_SCHEMA'],
  ['FORWARD', OPTIONAL, 'id'],
  ['FORWARD', REQUIRED, 'id'],
  ['FORWARD', RELAXED, 'TABLE_SCHEMA'],
  ['NONE', OPTIONAL, 'TABLE_SCHEMA'],
  ['NONE', FIRST, 'id'],
])('%s, case %#', async (mode, second, expected) => {
  expect(await outcome(mode, second)).toBe(expected)
})

test.each([
  [{ 'schema.compatibility': 'NONE' }, OPTIONAL],
  [{ 'table.columns.max': '1' }, struct({ note: text(true) })],
])('%j holds also for a table that somebody else made since the task began', async (settings, second) => {
  const [maker, other] = [sinkInto(folder, settings), sinkInto(folder, settings)]
  await maker.start([P0])
  await other.start([P1])
  await maker.put([order(0, 0, { id: 1 }, RELAXED)])
  await maker.flush(true)
  await other.put([order(1, 0, { id: 2, note: 'x' }, second)])
  await maker.stop()
  await other.stop()
  expect(other.context.reported).toMatchObject([{ error: { code: 'TABLE_SCHEMA' } }])
  // It has the columns that it was made with.
  expect((await folder.log('orders')).flat().filter((action) => action['metaData'] !== undefined)).toHaveLength(1)
})

/** Two tasks on one store that both find no table, and then both make it. */
function racers(more: RawSettings): readonly [SinkRun, SinkRun] {
  const store = new MemoryStore()
  const create = store.putIfAbsent.bind(store)
  const both = Promise.withResolvers<undefined>()
  let makers = 0
  store.putIfAbsent = async (path, ...rest) => {
    if (path.endsWith('/00000000000000000000.json')) {
      if (++makers === 2) both.resolve(undefined)
      await both.promise
    }
    return create(path, ...rest)
  }
  const raw = { 'lake.url': 'memory:', ...more }
  const settings = lakeSink.settings.parse(raw)
  const connector = {
    ...lakeSink,
    createTask: (_: unknown, context: SinkTaskContext) => new LakeSinkTask(settings, context, store),
  }
  return [new SinkRun(connector, raw), new SinkRun(connector, raw)]
}

test.each([{ 'schema.compatibility': 'NONE' }, { 'table.columns.max': '1' }])(
  '%j holds also between tasks that make a table at once',
  async (more) => {
    const runs = racers(more)
    await Promise.all([runs[0].start([P0]), runs[1].start([P1])])
    await Promise.all([
      runs[0].put([order(0, 0, { id: '1' }, struct({ id: text(true) }))]),
      runs[1].put([order(1, 0, { note: '2' }, struct({ note: text(true) }))]),
    ])
    await Promise.all(runs.map((run) => run.stop()))
    const reported = runs.flatMap(({ context }) => context.reported.map(({ error }) => error))
    expect(reported).toEqual([expect.objectContaining({ code: 'TABLE_SCHEMA' })])
  },
)
