import { expect, test } from '@jest/globals'
import { RetriableError } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import type { Deadline } from '../../src/deadline.ts'
import { findTopic } from '../../src/produce/find-topic.ts'

const described = { topic: 't', id: 'AAAAAAAAAAAAAAAAAAAAAQ', leaders: [1], leaderEpochs: [0] }
const missing = new RetriableError('KAFKA_REFUSED', 'Topic t cannot be used', {
  place: { topic: 't', error: 'UNKNOWN_TOPIC_OR_PARTITION' },
})

/** Asked until its deadline, it says what it says at that time. */
function asking(answer: (now: number) => RetriableError | null) {
  const clock = new FakeClock()
  const metadata = {
    topic: async (_topic: string, deadline: Deadline) => {
      for (;;) {
        const error = answer(clock.monotonic() - startedAt)
        if (error === null) return described
        if (deadline.isOver) throw error
        clock.advance(100)
      }
    },
  }
  const startedAt = clock.monotonic()
  const takenMs = (): number => clock.monotonic() - startedAt
  return { find: () => findTopic('t', 120_000, { metadata, clock }), takenMs }
}

test('a topic that does not exist is named within seconds', async () => {
  const { find, takenMs } = asking(() => missing)
  await expect(find()).rejects.toMatchObject({
    code: 'KAFKA_REFUSED',
    message: expect.stringContaining('Topic t does not exist') as unknown,
    place: { topic: 't', error: 'UNKNOWN_TOPIC_OR_PARTITION' },
    retriable: true,
  })
  expect(takenMs()).toBe(5_000)
})

test('one that appears meanwhile is used', async () => {
  const { find } = asking((now) => (now < 4_000 ? missing : null))
  expect(await find()).toBe(described)
})

test('where nobody says so, it is waited for', async () => {
  const unreachable = new RetriableError('KAFKA_UNREACHABLE', 'No broker has answered so far')
  const { find, takenMs } = asking(() => unreachable)
  await expect(find()).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE', place: { topic: 't' } })
  expect(takenMs()).toBe(60_000)
})
