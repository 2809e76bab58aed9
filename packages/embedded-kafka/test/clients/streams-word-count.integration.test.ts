/** A word count of Java's Streams on the embedded broker: repartition topic, state store with changelog, exactly once. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { type Kafka, connect } from '@sluice/kafka'
import { eventually } from './support/eventually.ts'
import { CLIENT_RELEASES, type ClientRelease, compile, hasJava, startJava } from './support/java.ts'
import type { Program } from './support/program.ts'
import { readAll } from './support/read-all.ts'

jest.setTimeout(180_000)

const PARTITIONS = 2
const WORDS = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta']
const LINES = 4_000
const WORDS_PER_LINE = 5
const withJava = hasJava ? describe : describe.skip

withJava.each(CLIENT_RELEASES)('Streams of Apache Kafka %s (needs a JDK and Maven)', (release: ClientRelease) => {
  let folder: string
  let kafka: EmbeddedKafka
  let client: Kafka
  let running: Program[]

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sluice-streams-'))
    kafka = await startEmbeddedKafka({ dataDir: path.join(folder, 'broker') })
    client = await connect({ bootstrapServers: kafka.bootstrapServers })
    await client.admin.ensureTopics(['from', 'to'].map((topic) => ({ topic, partitions: PARTITIONS, configs: {} })))
    running = []
  })
  afterEach(async () => {
    for (const program of running) await program[Symbol.asyncDispose]()
    await client.close()
    await kafka.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('every word is counted exactly once, over a kill and a restart with the state and one without', async () => {
    compile(release, 'WordCount.java', folder)
    const start = (state: string): Program => {
      const args = [kafka.bootstrapServers, path.join(folder, state), 'from', 'to', 'instance']
      const program = startJava(release, 'WordCount', args, { classes: folder })
      running.push(program)
      return program
    }
    const first = start('state')
    const expected = new Map<string, number>()
    await said('from', 0, expected)
    let begun = 0
    const isCounting = async (): Promise<boolean> => (begun = [...(await counts()).values()].flat().length) > 0
    await eventually('it has begun to count', isCounting)
    await first.end('SIGKILL')
    expect(begun).toBeLessThan(LINES * WORDS_PER_LINE)

    await said('from', 1, expected)
    const second = start('state')
    await settled(expected)
    await second.end('SIGTERM')

    await said('from', 2, expected)
    start('another state')
    await settled(expected)

    for (const [word, series] of await counts()) {
      const each = Array.from({ length: expected.get(word)! }, (_, i) => i + 1)
      expect([word, series]).toEqual([word, each])
    }
    const internal = await client.admin.describeTopics(['word-count-words-repartition', 'word-count-counts-changelog'])
    expect(internal.map(({ partitions }) => partitions)).toEqual([PARTITIONS, PARTITIONS])
  })

  /** Says so many lines of words, and notes how often each should be counted. */
  async function said(topic: string, seed: number, expected: Map<string, number>): Promise<void> {
    const producer = client.producer()
    const lines = Array.from({ length: LINES }, (_, i) => {
      const words = Array.from({ length: WORDS_PER_LINE }, (_, j) => WORDS[(i * 7 + j * j + seed) % WORDS.length]!)
      for (const word of words) expected.set(word, (expected.get(word) ?? 0) + 1)
      const value = Buffer.from(words.join(' '))
      return { topic, partition: i % PARTITIONS, key: null, value, timestamp: null, headers: null }
    })
    await producer.produce(lines)
    await producer.close()
  }

  /** Every count that was published, by word, in order. */
  async function counts(): Promise<Map<string, number[]>> {
    const found = new Map<string, number[]>()
    for (const { key, value } of await readAll(client, 'to', 'read_committed')) {
      const count = Number(value.readBigInt64BE())
      const series = found.get(key) ?? []
      series.push(count)
      found.set(key, series)
    }
    return found
  }

  async function settled(expected: Map<string, number>): Promise<void> {
    const isSettled = async (): Promise<boolean> => {
      const now = await counts()
      return [...expected].every(([word, count]) => now.get(word)?.at(-1) === count)
    }
    await eventually('everything is counted', isSettled).catch((error) => {
      throw new Error(running.map((program) => program.report()).join('\n\n'), { cause: error })
    })
  }
})
