import { expect, test } from '@jest/globals'
import { SluiceError, type TopicPartition } from '@sluice/sdk'
import type { StreamTask } from '../../../src/record-path/stream-task.ts'
import { Preparations } from '../../../src/runtime/thread/preparations.ts'

const places = (...partitions: readonly number[]): TopicPartition[] =>
  partitions.map((partition) => ({ topic: 'in', partition }))
const never = new AbortController().signal

/** Tasks that are ready when the test says so; each holds its directory from the beginning to the end. */
class Directories {
  readonly held = new Set<number>()
  readonly failures: unknown[] = []
  readonly preparations = new Preparations({
    tasks: {
      prepare: async (partitions, _committed, signal) => {
        for (const { partition } of partitions) {
          if (this.held.has(partition)) throw new SluiceError('STATE_LOCKED', 'in use')
          this.held.add(partition)
        }
        const interrupted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        await Promise.race([this.#ready.promise, interrupted])
        if (!signal.aborted)
          return partitions.map((one) => ({ partition: one.partition, partitions: [one] }) as unknown as StreamTask)
        for (const { partition } of partitions) this.held.delete(partition)
        throw new SluiceError('INTERRUPTED', 'given up')
      },
      discard: async ({ partition }) => void this.held.delete(partition),
    },
    committed: async () => [],
    onEnd: (failure) => {
      if (failure !== null) this.failures.push(failure.error)
    },
  })
  readonly #ready = Promise.withResolvers<void>()

  async ready(): Promise<readonly number[]> {
    this.#ready.resolve()
    await turn()
    const done = await this.preparations.takeDone()
    return done.flatMap(({ tasks }) => tasks.map(({ partition }) => partition))
  }
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('what is taken away while its state is restored lets its directory go before it is somebody else’s; the rest is begun again', async () => {
  const one = new Directories()
  one.preparations.begin(places(0, 1, 2), never)
  await turn()
  await one.preparations.forget(places(1))
  expect([...one.held].includes(1)).toBe(false)
  expect(await one.ready()).toEqual([0, 2])
  expect(one.failures).toEqual([])
  expect(one.preparations.isEmpty).toBe(true)
})

test('what is taken away when it is ready lets it go too', async () => {
  const one = new Directories()
  one.preparations.begin(places(0, 1), never)
  await turn()
  const ready = one.ready()
  await one.preparations.forget(places(0))
  expect([...one.held]).toEqual([1])
  expect(await ready).toEqual([1])
})

test('what is taken away as a whole is not begun again; what comes back is', async () => {
  const one = new Directories()
  one.preparations.begin(places(0), never)
  await turn()
  await one.preparations.forget(places(0))
  expect([[...one.held], one.preparations.isEmpty]).toEqual([[], true])
  one.preparations.begin(places(0), never)
  expect(await one.ready()).toEqual([0])
  expect(one.failures).toEqual([])
})
