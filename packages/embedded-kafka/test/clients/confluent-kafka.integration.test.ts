/** Python's confluent-kafka (librdkafka) on the embedded broker: `confluent.py` tells what it found. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { confluentPython } from './support/confluent-kafka.ts'
import { Program } from './support/program.ts'

jest.setTimeout(120_000)

const SCRIPT = fileURLToPath(new URL('confluent.py', import.meta.url))
const withPython = confluentPython === null ? describe.skip : describe

withPython('confluent-kafka (needs Python)', () => {
  let kafka: EmbeddedKafka
  let program: Program
  let found: Map<string, unknown>

  beforeAll(async () => {
    kafka = await startEmbeddedKafka({
      configs: {
        'group.consumer.min.heartbeat.interval.ms': '200',
        'group.consumer.heartbeat.interval.ms': '200',
        'group.initial.rebalance.delay.ms': '0',
      },
    })
    program = new Program('confluent.py', confluentPython!, [SCRIPT, kafka.bootstrapServers])
    const lines = (await program.succeeds(90_000)).map((line) => JSON.parse(line) as { name: string; found: unknown })
    found = new Map(lines.map((line) => [line.name, line.found]))
    console.log(`confluent-kafka and librdkafka: ${(found.get('versions') as string[]).join(', ')}`)
  }, 120_000)
  afterAll(async () => {
    await program[Symbol.asyncDispose]()
    await kafka.close()
  })

  const finds = (expected: Record<string, unknown>): void => {
    const names = Object.keys(expected)
    expect(Object.fromEntries(names.map((name) => [name, found.get(name)]))).toEqual(expected)
  }

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
    'produces idempotently with codec %s and reads it back',
    (codec) => {
      finds({ [`produce ${codec}`]: { failures: [], left: 0 } })
      expect(found.get('consume')).toMatchObject({ [codec]: 1_000 })
    },
  )

  test('commits offsets, finds the ends of a partition and an offset by time', () => {
    finds({ committed: 5_000, watermarks: [0, 2_500], 'offset of the first time': 0 })
  })

  test.each([
    ['classic', 'CLASSIC'],
    ['consumer', 'CONSUMER'],
  ])(
    'two members of the %s protocol share, read, commit, and one takes over; the group is listed and deleted',
    (of, type) => {
      finds({
        [`${of}: shared`]: [0, 1, 2, 3],
        [`${of}: described`]: { stable: true, type, members: 2, partitions: [0, 1, 2, 3] },
        [`${of}: read`]: true,
        [`${of}: taken over`]: [0, 1, 2, 3],
        [`${of}: offsets`]: 400,
        [`${of}: listed`]: ['EMPTY'],
        [`${of}: deleted`]: true,
      })
    },
  )

  test('copies in transactions: aborted ones are not seen, offsets move with the others, a zombie learns that it is one', () => {
    finds({
      zombie: { fatal: true, name: '_FENCED' },
      'offset in a transaction': 30,
      read_committed: { commit: 30, successor: 1 },
      read_uncommitted: { abort: 30, commit: 30, successor: 1, zombie: 1 },
    })
  })

  test('administers topics, settings, partitions, records and the cluster', () => {
    finds({
      'create again': 'TOPIC_ALREADY_EXISTS',
      config: '1234567',
      altered: 'compact,delete',
      described: 3,
      listed: true,
      cluster: { id: kafka.clusterId, nodes: [1] },
      earliest: 4,
      latest: 10,
      deleted: true,
    })
  })

  test('is told that there are no ACLs without an authorizer', () => {
    // Of a description it hides the error, also from Apache Kafka.
    finds({ 'create acl': 'SECURITY_DISABLED', 'describe acls': null, 'delete acls': 'SECURITY_DISABLED' })
  })
})
