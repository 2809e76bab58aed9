import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { RawSettings, TopicPartition } from '@sluice/sdk'
import { openObjectStore } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import { filesSink } from '@sluice/connector-lake'
import { P0, filesInto, idsIn, span } from './file-runs.ts'

let folder: string
let store: ObjectStore
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-files-'))
  store = openObjectStore(folder)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function alter(
  wanted: readonly (readonly [TopicPartition, number | null])[],
  more: RawSettings = {},
): Promise<boolean> {
  const raw = {
    name: 'test',
    topics: 'orders',
    'lake.url': folder,
    'format.class': 'json',
    'flush.size': '1000',
    ...more,
  }
  return filesSink.alterOffsets!(filesSink.settings.parse(raw), new Map(wanted), raw)
}

/** Answers where the run began, and takes what comes from there up to that offset. */
async function runUpTo(end: number, from: number, settings: RawSettings = {}): Promise<number> {
  const run = filesInto(store, settings)
  const [began] = await run.start([{ ...P0, offset: from }])
  await run.put(span(began!.offset, end))
  await run.flush(true)
  await run.stop()
  return began!.offset
}

describe('offsets that an operator sets', () => {
  test('are those that the commits hold: reading begins there, back or forward', async () => {
    await runUpTo(9, 0)
    expect(await runUpTo(9, 0)).toBe(10)
    expect(await alter([[P0, 4]])).toBe(true)
    expect(await runUpTo(9, 4)).toBe(4)
    await alter([[P0, 20]])
    expect(await runUpTo(21, 20)).toBe(20)
    expect(await idsIn(store)).toEqual([...range(0, 9), ...range(4, 9), 20, 21])
  })

  test('and forgotten: reading begins where Kafka says', async () => {
    await runUpTo(9, 0)
    await alter([[P0, null]])
    expect(await runUpTo(9, 2)).toBe(2)
  })

  test('of all partitions are forgotten also when Kafka has forgotten them before', async () => {
    const partitions = [0, 2, 11].map((partition) => ({ topic: 'orders', partition }))
    const run = filesInto(store)
    await run.start(partitions)
    await run.put(
      partitions.flatMap(({ partition }) =>
        span(0, 3).map((record) => ({ ...record, partition, originalPartition: partition })),
      ),
    )
    await run.flush(true)
    await run.stop()
    await alter([])
    const again = filesInto(store)
    expect((await again.start(partitions)).map(({ offset }) => offset)).toEqual([0, 0, 0])
    await again.stop()
  })

  test('are Kafka’s alone where commits are not kept, or not there yet', async () => {
    expect(await alter([[P0, 4]], { 'exactly.once': 'false' })).toBe(true)
    expect(await alter([[P0, 4]])).toBe(true)
    expect(await runUpTo(9, 4)).toBe(4)
  })

  test('are refused below 0', async () => {
    await expect(alter([[P0, -1]])).rejects.toThrow('There is no offset -1')
  })
})

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}
