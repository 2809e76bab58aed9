/** Copiers written against Java's client, killed and started anew on the embedded broker; what they copied is counted by other clients. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { type Kafka, connect } from '@sluice/kafka'
import { eventually } from './support/eventually.ts'
import { CLIENT_RELEASES, type ClientRelease, compile, hasJava, startJava } from './support/java.ts'
import type { Program } from './support/program.ts'
import { type ReadRecord, readAll } from './support/read-all.ts'

jest.setTimeout(180_000)

const PARTITIONS = 4
const RECORDS = 50_000
const withJava = hasJava ? describe : describe.skip

withJava.each(CLIENT_RELEASES)('copiers of Apache Kafka %s (need a JDK and Maven)', (release: ClientRelease) => {
  let folder: string
  let kafka: EmbeddedKafka
  let client: Kafka
  let copiers: Program[]

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sluice-copier-'))
    kafka = await startEmbeddedKafka({
      dataDir: path.join(folder, 'broker'),
      configs: { 'group.initial.rebalance.delay.ms': '3000' },
    })
    client = await connect({ bootstrapServers: kafka.bootstrapServers })
    await client.admin.ensureTopics(['from', 'to'].map((topic) => ({ topic, partitions: PARTITIONS, configs: {} })))
    copiers = []
  })
  afterEach(async () => {
    for (const copier of copiers) await copier[Symbol.asyncDispose]()
    await client.close()
    await kafka.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('copy every record exactly once and in order while one of two is killed twice in the middle of it', async () => {
    await filled('from')
    compile(release, 'Copier.java', folder)
    const started = (name: string): Program => {
      const copier = startJava(release, 'Copier', [kafka.bootstrapServers, 'from', 'to', name], { classes: folder })
      copiers.push(copier)
      return copier
    }
    started('other')
    for (let life = 0; life < 2; life++) {
      const one = started('one')
      await one.said(/^copied [5-9]\d{3}$/)
      await one.end('SIGKILL')
    }
    await started('one').said(/^copied/) // there was something left to be copied
    const isDone = async (): Promise<boolean> => (await committed('from')) === RECORDS
    await eventually('everything is copied', isDone, 90_000).catch((error) => {
      throw new Error(copiers.map((copier) => copier.report()).join('\n\n'), { cause: error })
    })
    for (const copier of copiers) await copier.end('SIGKILL')

    expect(
      firstDifference(await readAll(client, 'from', 'read_uncommitted'), await readAll(client, 'to', 'read_committed')),
    ).toBeNull()
    expect((await readAll(client, 'to', 'read_uncommitted')).length).toBeGreaterThan(RECORDS) // aborted ones were there to be left out

    const args = ['--bootstrap-server', kafka.bootstrapServers, '--topic', 'to', '--from-beginning']
    args.push('--isolation-level', 'read_committed', '--max-messages', String(RECORDS), '--timeout-ms', '60000')
    const reader = startJava(release, 'org.apache.kafka.tools.consumer.ConsoleConsumer', args)
    copiers.push(reader)
    const seen = await reader.succeeds()
    expect([seen.length, new Set(seen).size]).toEqual([RECORDS, RECORDS])
  })

  async function filled(topic: string): Promise<void> {
    const producer = client.producer({ compression: 'zstd' })
    const records = Array.from({ length: RECORDS }, (_, i) => ({
      topic,
      partition: i % PARTITIONS,
      key: Buffer.from(`k${i}`),
      value: Buffer.from(`value ${i}`),
      timestamp: null,
      headers: null,
    }))
    await producer.produce(records)
    await producer.close()
  }

  async function committed(topic: string): Promise<number> {
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }))
    const offsets = await client.groupOffsets('copiers').committed(partitions)
    return offsets.reduce((sum, { offset }) => sum + offset, 0)
  }
})

/** Where copies part from their originals, partition by partition; null: nowhere. */
function firstDifference(originals: readonly ReadRecord[], copies: readonly ReadRecord[]): string | null {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const [original, copy] = [originals, copies].map((all) => all.filter((one) => one.partition === partition))
    for (let i = 0; i < Math.max(original!.length, copy!.length); i++) {
      const [is, should] = [copy![i], original![i]]
      if (is?.key !== should?.key || !is!.value.equals(should!.value))
        return `${partition}: record ${i} is ${is?.key}, not ${should?.key}; ${copy!.length} of ${original!.length}`
    }
  }
  return null
}
