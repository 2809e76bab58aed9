import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { EMPTY_TALLY, type Kafka } from '@sluice/kafka'
import type { OffsetShown } from '@sluice/worker/client'
import type { Connectors } from '../../src/quickstart/connectors.ts'
import { makePlan } from '../../src/quickstart/plan.ts'
import type { StageProgress } from '../../src/quickstart/progress.ts'
import { watch, type WatchedParts } from '../../src/quickstart/watch.ts'

const TEXT = 'id\n1\n2\n'

/** What the three stages say of themselves at each look. */
interface Look {
  readonly areRunning?: boolean
  readonly position?: number
  readonly ends?: readonly number[]
  readonly judged?: readonly (number | null)[]
  readonly put?: readonly number[]
  readonly measured?: readonly (number | null)[]
}

const ARRIVED: Required<Look> = {
  areRunning: true,
  position: TEXT.length,
  ends: [2, 0, 1],
  judged: [2, 0, 1],
  put: [2, 0, 1],
  measured: [3, TEXT.length, TEXT.length],
}

let dir: string
let file: string
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-watch-'))
  file = path.join(dir, 'orders.csv')
})
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }))
beforeEach(() => fs.writeFileSync(file, TEXT))

/** Gives one look after the other; when there are no more, the run is interrupted. */
async function watched(...looks: readonly Look[]): Promise<{ outcome: unknown; shown: readonly StageProgress[][] }> {
  const plan = makePlan({
    dir,
    dataset: 'orders',
    file,
    key: 'id',
    processor: { module: 'm', settings: {} },
    cleanSchema: '{}',
  })
  const interrupt = new AbortController()
  const shown: StageProgress[][] = []
  let at = -1
  const now = (): Required<Look> => ({ ...ARRIVED, ...looks[at] })
  const connectors: Pick<Connectors, 'areRunning' | 'offsets' | 'measured'> = {
    areRunning: async () => {
      if (++at >= looks.length - 1) queueMicrotask(() => interrupt.abort())
      return now().areRunning
    },
    offsets: async (name): Promise<readonly OffsetShown[]> => {
      if (name !== plan.source['name'])
        return now().put.map((offset, partition) => ({
          partition: { kafka_topic: plan.topics.clean, kafka_partition: partition },
          offset: { kafka_offset: offset },
        }))
      const { position } = now()
      return position === -1 ? [] : [{ partition: { filename: file }, offset: { position, line: 3 } }]
    },
    measured: async () => now().measured,
  }
  const kafka = {
    admin: {
      listOffsets: async (partitions: readonly { topic: string; partition: number }[]) =>
        partitions.map((place) => ({ ...place, offset: now().ends[place.partition]! })).toReversed(),
    },
  } as unknown as Kafka
  const processor: WatchedParts['processor'] = {
    progress: () =>
      now().judged.map((committed, partition) => ({
        topic: plan.topics.raw,
        partition,
        position: committed ?? 0,
        committed,
        tally: { ...EMPTY_TALLY, in: committed ?? 0 },
      })) as unknown as ReturnType<WatchedParts['processor']['progress']>,
  }
  const show = (stages: readonly StageProgress[]): void => void shown.push([...stages])
  const outcome = await watch({
    plan,
    kafka,
    connectors: connectors as Connectors,
    processor,
    show,
    signal: interrupt.signal,
  }).catch((error: unknown) => error)
  return { outcome, shown }
}

describe('a run is watched', () => {
  test('until what the file holds is read, judged and put; then it says where the source stands', async () => {
    const { outcome, shown } = await watched(ARRIVED)
    expect(outcome).toEqual({ position: TEXT.length, line: 3 })
    expect(shown.at(-1)).toMatchObject([
      { stage: 'source', done: 3, total: 3, complete: true },
      { stage: 'processor', done: 3, total: 3, complete: true },
      { stage: 'lake sink', done: 3, total: 3, complete: true },
    ])
  })

  test.each<[string, Look]>([
    ['a connector does not run yet', { areRunning: false }],
    ['the source is not at the end of the file', { position: 5 }],
    ['the source has stored nothing, though it has read something', { position: -1 }],
    ['the processor has a record before it', { judged: [2, 0, 0] }],
    ['the processor has committed nothing', { judged: [2, null, 0], ends: [2, 1, 0] }],
    ['the processor has no partition yet', { judged: [] }],
    ['the sink has a record before it', { put: [1, 0, 1] }],
    ['the sink has committed nothing', { put: [] }],
  ])('and goes on while %s', async (_, look) => {
    expect((await watched(look)).outcome).toMatchObject({ code: 'INTERRUPTED' })
  })

  test('of a file in which the source finds nothing: it stands at the end and has read nothing', async () => {
    const nothing = { position: -1, ends: [0, 0, 0], judged: [0, 0, 0], put: [] }
    expect((await watched({ ...nothing, measured: [0, TEXT.length, TEXT.length] })).outcome).toBe(null)
    for (const measured of [
      [null, null, null],
      [0, 3, TEXT.length],
      [0, TEXT.length, 3],
      [1, TEXT.length, TEXT.length],
    ])
      expect((await watched({ ...nothing, measured })).outcome).toMatchObject({ code: 'INTERRUPTED' })
  })

  test('of an empty file: at once', async () => {
    fs.writeFileSync(file, '')
    expect((await watched({ position: -1, ends: [0, 0, 0], judged: [0, 0, 0], put: [] })).outcome).toBe(null)
  })

  test('of a file that is not there: until the source says so', async () => {
    fs.rmSync(file)
    expect((await watched({ position: -1 })).outcome).toMatchObject({ code: 'INTERRUPTED' })
  })
})
