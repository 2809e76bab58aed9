import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { EMPTY_TALLY } from '@sluice/kafka'
import { InFlight, type Stand } from '../../src/record-path/in-flight.ts'
import { PartitionTally } from '../../src/record-path/partition-tally.ts'
import type { TaskPartition } from '../../src/record-path/stream-task.ts'

const partition = (number: number): TaskPartition => ({
  topic: 't',
  partition: number,
  position: 0,
  tally: new PartitionTally(EMPTY_TALLY),
})
const never = new AbortController().signal
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

interface Answer {
  readonly stand: Stand
  readonly yes: () => void
  readonly no: (error: unknown) => void
}

function submit(inFlight: InFlight, partition: TaskPartition, offset: number, bytes = 10): Answer {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const stand = { partition, offset, tally: { ...EMPTY_TALLY, in: offset } }
  inFlight.submit(promise, bytes, stand)
  return { stand, yes: resolve, no: reject }
}

test('a stand is not committable while a round before it is under way, whatever the order of answers', async () => {
  const inFlight = new InFlight()
  const [a, b] = [partition(0), partition(1)]
  const first = submit(inFlight, a, 5)
  const second = submit(inFlight, b, 7)
  second.yes()
  await settled()
  expect(inFlight.takeCommittable()).toEqual([])
  first.yes()
  await settled()
  expect(inFlight.takeCommittable()).toEqual([first.stand, second.stand])
  expect(inFlight.takeCommittable()).toEqual([])
})

test('nothing from a failed round on ever becomes committable', async () => {
  const inFlight = new InFlight()
  const a = partition(0)
  const rounds = [1, 2, 3].map((offset) => submit(inFlight, a, offset))
  rounds[2]!.yes()
  rounds[1]!.no(new Error('gone'))
  await settled()
  expect(inFlight.failure).toEqual({ error: new Error('gone') })
  expect(inFlight.takeCommittable()).toEqual([])
  rounds[0]!.yes()
  await settled()
  expect(inFlight.takeCommittable()).toEqual([rounds[0]!.stand])
  expect(await inFlight.drained(never)).toBe(false)
})

test('what could not be committed is put back, but never over what is further', async () => {
  const inFlight = new InFlight()
  const [a, b] = [partition(0), partition(1)]
  for (const one of [submit(inFlight, a, 1), submit(inFlight, b, 1)]) one.yes()
  await settled()
  const taken = inFlight.takeCommittable()
  const further = submit(inFlight, a, 2)
  further.yes()
  await settled()
  inFlight.putBack(taken)
  expect(inFlight.takeCommittable().map(({ partition, offset }) => [partition.partition, offset])).toEqual([
    [0, 2],
    [1, 1],
  ])
})

describe('pressure', () => {
  test('room is given once enough bytes are durable', async () => {
    const inFlight = new InFlight()
    const a = partition(0)
    const rounds = [submit(inFlight, a, 1, 60), submit(inFlight, a, 2, 60)]
    let free = false
    const waiting = inFlight.room(100, never).then(() => (free = true))
    await settled()
    expect([free, inFlight.bytes]).toEqual([false, 120])
    rounds[0]!.yes()
    await waiting
    expect(inFlight.bytes).toBe(60)
  })

  test('whoever waits is let go when a round fails or the wait is aborted', async () => {
    const inFlight = new InFlight()
    const stop = new AbortController()
    const round = submit(inFlight, partition(0), 1, 60)
    const aborted = inFlight.room(0, stop.signal)
    stop.abort()
    await aborted
    const failed = inFlight.drained(never)
    round.no(new Error('no'))
    expect(await failed).toBe(false)
  })
})

test('at any time, what was taken for commit is exactly the longest durable prefix of the rounds', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(2), { minLength: 1, maxLength: 12 }).chain((partitions) =>
        fc.record({
          partitions: fc.constant(partitions),
          answers: fc.shuffledSubarray(
            partitions.map((_, i) => i),
            { minLength: 0 },
          ),
        }),
      ),
      async ({ partitions, answers }) => {
        const inFlight = new InFlight()
        const all = [partition(0), partition(1), partition(2)]
        const rounds = partitions.map((number, i) => submit(inFlight, all[number]!, i + 1))
        const committed = new Map<number, number>()
        const durable = new Set<number>()
        for (const i of answers) {
          rounds[i]!.yes()
          durable.add(i)
          await settled()
          for (const { partition, offset } of inFlight.takeCommittable()) committed.set(partition.partition, offset)
          const expected = new Map<number, number>()
          for (let n = 0; n < partitions.length && durable.has(n); n++) expected.set(partitions[n]!, n + 1)
          expect(committed).toEqual(expected)
        }
      },
    ),
    { numRuns: 50 },
  )
})
