import kafkajs from '../kafkajs.ts'
import { readToEnd } from '../read-to-end.ts'

/** What became of the lines of all flows, by a reader that shares no code with the worker. */
export interface LineLedger {
  readonly lost: number
  readonly twice: number
  /** Lines that come behind a later one. */
  readonly disordered: number
}

/** Reads topics to their ends with read_committed: each is to hold `flow N line 0` to `flow N line lines-1`. */
export async function linesOfTopics(bootstrap: string, topics: readonly string[], lines: number): Promise<LineLedger> {
  const seen = new Map(topics.map((topic) => [topic, new Uint8Array(lines)]))
  const reached = new Map<string, number>()
  let disordered = 0
  await readToEnd(bootstrap, topics, ({ topic, messages }) => {
    for (const { value } of messages) {
      const number = Number(/line (\d+)$/.exec(String(value))?.[1])
      seen.get(topic)![number]!++
      if (number <= (reached.get(topic) ?? -1)) disordered++
      reached.set(topic, number)
    }
  })
  const counts = [...seen.values()].flatMap((of) => [...of])
  return {
    lost: counts.filter((count) => count === 0).length,
    twice: counts.reduce((sum, count) => sum + Math.max(0, count - 1), 0),
    disordered,
  }
}

/** How many records a topic of one partition holds. */
export async function recordsIn(bootstrap: string, topic: string): Promise<number> {
  const admin = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    const [only] = await admin.fetchTopicOffsets(topic)
    return Number(only!.high)
  } finally {
    await admin.disconnect()
  }
}
