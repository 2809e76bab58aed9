import { describe, expect, test } from '@jest/globals'
import { EMPTY_TALLY, encodeTally, type Kafka, type Tally } from '@sluice/kafka'
import { makePlan } from '../../src/quickstart/plan.ts'
import { printSummary, summarise, type QuickstartSummary } from '../../src/quickstart/summary.ts'

const plan = makePlan({
  dir: '/data/qs',
  dataset: 'orders',
  file: '/in/orders.csv',
  key: 'id',
  processor: { module: 'p', settings: {} },
  cleanSchema: '{}',
})

/** What a cluster would answer: first and last offset of each partition of a topic, and the tallies committed by a group. */
interface Cluster {
  readonly topics: Readonly<Record<string, readonly (readonly [number, number])[]>>
  readonly groups: Readonly<Record<string, readonly Tally[]>>
}

function kafkaOf({ topics, groups }: Cluster): Kafka {
  const fake = {
    admin: {
      listOffsets: async (partitions: readonly { topic: string; partition: number }[], at: 'earliest' | 'latest') =>
        partitions.map(({ topic, partition }) => ({
          topic,
          partition,
          offset: topics[topic]![partition]![at === 'earliest' ? 0 : 1],
        })),
    },
    groupOffsets: (group: string) => ({
      committed: async (partitions: readonly { topic: string; partition: number }[]) =>
        partitions.flatMap((partition, i) => {
          const tally = groups[group]?.[i]
          return tally === undefined ? [] : [{ ...partition, offset: tally.in, metadata: encodeTally(tally) }]
        }),
    }),
  }
  return fake as unknown as Kafka
}

const JUDGED: readonly Tally[] = [
  { in: 40, passed: 35, marked: 12, quarantined: { key_present: 3 }, dropped: { repeated: 2 } },
  { in: 40, passed: 39, marked: 1, quarantined: { decode: 1 }, dropped: {} },
]
const CLUSTER: Cluster = {
  topics: {
    // Retention has taken the first ten records of one partition.
    'orders.raw': [
      [0, 40],
      [10, 50],
      [0, 0],
    ],
    'orders.clean': [
      [0, 35],
      [0, 39],
      [0, 0],
    ],
    'orders.quarantine': [
      [0, 6],
      [0, 0],
      [0, 0],
    ],
  },
  groups: {
    'orders-processor': JUDGED,
    'connect-orders-lake': [{ ...EMPTY_TALLY, in: 74, passed: 73, quarantined: { decode: 1 } }],
  },
}
const POSITION = { position: 4096, line: 82, records: 80, diverted: 1, skipped: 1 }
const TABLE = { version: 3, files: 2, rows: 73 }

describe('the summary', () => {
  test('counts what is in the topics, and adds up the tallies of all partitions', async () => {
    const summary = await summarise(kafkaOf(CLUSTER), plan, POSITION, TABLE)
    expect(summary.read).toEqual({ lines: 82, records: 80, diverted: 1, skipped: 1 })
    expect(summary.topics).toEqual({ raw: 80, clean: 74, quarantine: 6 })
    expect(summary.judged).toEqual({
      in: 80,
      passed: 74,
      marked: 13,
      quarantined: { key_present: 3, decode: 1 },
      dropped: { repeated: 2 },
    })
    expect(summary.equations.filter(({ holds }) => !holds)).toEqual([])
    expect(summary.equations.length).toBeGreaterThan(4)
  })

  test('of a source that read nothing is all zeros, and adds up', async () => {
    const nothing = [0, 0] as const
    const topics = Object.fromEntries(Object.values(plan.topics).map((topic) => [topic, [nothing, nothing, nothing]]))
    const summary = await summarise(kafkaOf({ topics, groups: {} }), plan, null, { version: -1, files: 0, rows: 0 })
    expect(summary.read).toEqual({ lines: 0, records: 0, diverted: 0, skipped: 0 })
    expect(summary.equations.every(({ holds }) => holds)).toBe(true)
  })

  test.each<[string, { position?: typeof POSITION; table?: typeof TABLE; cluster?: Cluster }, string]>([
    ['a line that was neither read nor diverted', { position: { ...POSITION, line: 83 } }, '83 lines read = '],
    [
      'a record that the processor never counted',
      { cluster: without('orders-processor', { in: 39, passed: 34 }) },
      'judged = 80 records in orders.raw',
    ],
    [
      'a record that went in and did not come out',
      { cluster: without('orders-processor', { passed: 34 }) },
      '80 judged = 73 passed',
    ],
    [
      'a clean record that is not in the table',
      { table: { ...TABLE, rows: 72 } },
      '74 records in orders.clean = 72 rows',
    ],
    ['a row that is in the table twice', { table: { ...TABLE, rows: 74 } }, '74 records in orders.clean = 74 rows'],
    ['a quarantined record that is not in the topic', { cluster: quarantine(5) }, '5 records in orders.quarantine ≥'],
  ])(
    'says so when it does not add up: %s',
    async (_, { position = POSITION, table = TABLE, cluster = CLUSTER }, sentence) => {
      const { equations } = await summarise(kafkaOf(cluster), plan, position, table)
      const broken = equations.filter(({ holds }) => !holds).map((equation) => equation.sentence)
      expect(broken).toEqual(expect.arrayContaining([expect.stringContaining(sentence)]))
    },
  )
})

function without(group: string, less: Partial<Tally>): Cluster {
  return { ...CLUSTER, groups: { ...CLUSTER.groups, [group]: [{ ...JUDGED[0]!, ...less }, JUDGED[1]!] } }
}

function quarantine(records: number): Cluster {
  return {
    ...CLUSTER,
    topics: {
      ...CLUSTER.topics,
      'orders.quarantine': [
        [0, records],
        [0, 0],
        [0, 0],
      ],
    },
  }
}

describe('the summary as people read it', () => {
  test('lists read, passed, marked, quarantined by reason, dropped, rows and version, the most frequent reason first', async () => {
    const text = printSummary(await summarise(kafkaOf(CLUSTER), plan, POSITION, TABLE))
    const facts = text.split('\n').map((line) => line.trim().split(/ {2,}/))
    expect(facts).toEqual([
      ['read', '80 records of 82 lines'],
      ['diverted', '1'],
      ['passed', '74'],
      ['marked', '13'],
      ['quarantined', '4'],
      ['key_present', '3'],
      ['decode', '1'],
      ['dropped', '2'],
      ['repeated', '2'],
      ['refused by the sink', '1'],
      ['rows in the table', '73'],
      ['table version', '3 (2 Parquet files)'],
      [''],
      ['✓ it adds up'],
      [''],
    ])
  })

  test('leaves out what did not happen, but never a zero that was counted for', async () => {
    const clean: QuickstartSummary = {
      ...(await summarise(kafkaOf(CLUSTER), plan, { ...POSITION, diverted: 0 }, TABLE)),
      judged: { ...EMPTY_TALLY, in: 80, passed: 80 },
      landed: { ...EMPTY_TALLY, in: 80, passed: 80 },
      table: { version: 1, files: 1, rows: 80 },
      equations: [],
    }
    const text = printSummary(clean)
    expect(text).not.toContain('diverted')
    expect(text).not.toContain('refused')
    expect(text).toMatch(/quarantined +0\n/)
    expect(text).toMatch(/dropped +0\n/)
    expect(text).toContain('(1 Parquet file)')
  })

  test('names each sentence that does not hold, and does not say that it adds up', async () => {
    const text = printSummary(await summarise(kafkaOf(CLUSTER), plan, POSITION, { ...TABLE, rows: 70 }))
    expect(text).toContain(
      '✗ this does not hold: 74 records in orders.clean = 70 rows in the table + 1 refused by the sink',
    )
    expect(text).not.toContain('it adds up')
  })
})
