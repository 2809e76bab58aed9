/** Java's transactional producer, and `kafka-transactions`, on the embedded broker. */
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { type EmbeddedKafka, startEmbeddedKafka } from '../../src/embedded-kafka.ts'
import { hasJava, java } from '../support/java.ts'
import { RawClient } from '../support/raw-client.ts'
import { Scribe } from './transaction-scripts.ts'

jest.setTimeout(180_000)

const COPY = fileURLToPath(new URL('TransactionalCopy.java', import.meta.url))
const TOOL = 'org.apache.kafka.tools.TransactionsCommand'
const withJava = hasJava ? describe : describe.skip

withJava('Java (needs a JDK and Maven)', () => {
  let kafka: EmbeddedKafka
  let client: RawClient

  async function start(emulate: '3.9' | '4.3'): Promise<Scribe> {
    kafka = await startEmbeddedKafka({ emulate, configs: { 'num.partitions': '3' } })
    client = await RawClient.open(kafka.addresses[0]!.port)
    return new Scribe(client, 'java')
  }
  afterEach(async () => {
    client.close()
    await kafka.close()
  })

  test.each([
    ['4.3', 'consumer'],
    ['4.3', 'classic'],
    ['3.9', 'classic'],
  ] as const)('copies exactly once from a %s broker in a %s group', async (emulate, protocol) => {
    await start(emulate)
    const said = await java(COPY, kafka.bootstrapServers, '1000', 'from', 'to', protocol)
    expect(said).toMatch('copied 1000')
    expect(said).toMatch(/the zombie is told (ProducerFenced|InvalidProducerEpoch)Exception/)
    expect(said).toMatch('seen 1001, twice 0, zombie false, successor true')
  })

  test('kafka-transactions shows an open transaction and ends it', async () => {
    const scribe = await start('4.3')
    await scribe.begin()
    await scribe.init(4)
    await scribe.add(3)
    await scribe.produce(9)
    const tool = (...args: string[]): Promise<string> =>
      java(TOOL, '--bootstrap-server', kafka.bootstrapServers, ...args)

    expect(await tool('list')).toMatch(/txn-java\s+1\s+\d+\s+Ongoing/)
    expect(await tool('describe', '--transactional-id', 'txn-java')).toMatch(/Ongoing.*topic-java-0/)
    const of = ['--topic', 'topic-java', '--partition', '0']
    expect(await tool('describe-producers', ...of)).toMatch(/\s0\s+-1\s+0\s+\d+\s+0\s/)
    await tool('abort', ...of, '--start-offset', '0')
    expect(await tool('describe-producers', ...of)).toMatch('None')
    await scribe.endOffset(1)
    expect(scribe.transcript.at(-1)).toBe('ListOffsets 1: 2')
  })
})
