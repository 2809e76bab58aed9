import { setTimeout as sleep } from 'node:timers/promises'
import type { Batch } from 'kafkajs'
import kafkajs from './kafkajs.ts'

const WAIT_MS = 200
/** A reader that has got nothing for so long has got all: markers of transactions at the end of a topic are not told of. */
const QUIET_MS = 3_000
/** And has been answered so often meanwhile: on a busy machine nothing may come for long because nobody has looked. */
const QUIET_ANSWERS = QUIET_MS / WAIT_MS / 2
const DEADLINE_MS = 600_000

/** Reads topics from their beginnings to their ends with read_committed, and shares no code with what writes. @throws Error in time */
export async function readToEnd(
  bootstrap: string,
  topics: readonly string[],
  take: (batch: Batch) => void,
): Promise<void> {
  const client = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING })
  const consumer = client.consumer({ groupId: `ledger-${process.pid}-${Date.now()}`, maxWaitTimeInMs: WAIT_MS })
  let heardAt = performance.now()
  let answers = 0
  let joined = 0
  consumer.on(consumer.events.FETCH, () => void answers++)
  consumer.on(consumer.events.GROUP_JOIN, () => void joined++)
  await consumer.connect()
  await consumer.subscribe({ topics: [...topics], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatch: ({ batch }) => {
      take(batch)
      heardAt = performance.now()
      answers = 0
      return Promise.resolve()
    },
  })
  const deadline = performance.now() + DEADLINE_MS
  const isQuiet = (): boolean => answers >= QUIET_ANSWERS && performance.now() - heardAt >= QUIET_MS
  try {
    while (!isQuiet()) {
      if (performance.now() > deadline)
        throw new Error(`${topics.join(', ')} did not come to an end in ${DEADLINE_MS} ms`)
      // It begins anew then, and what it has read counts twice.
      if (joined > 1) throw new Error('The reader has lost its place in its group: try again')
      await sleep(100)
    }
  } finally {
    await consumer.disconnect()
  }
}
