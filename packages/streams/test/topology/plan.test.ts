import { describe, expect, test } from '@jest/globals'
import { SluiceError } from '@sluice/sdk'
import { StreamsBuilder } from '../../src/dsl/streams-builder.ts'
import { BufferConfig, Suppressed } from '../../src/dsl/suppressed.ts'
import { Serdes } from '../../src/serdes.ts'
import { planChange, planText, refuseUnsafe, type PlanStep, type TopologyPlan } from '../../src/topology/plan.ts'
import { planPartitions } from '../../src/topology/partition-plan.ts'
import { writtenTopology, type WrittenTopology } from '../../src/topology/written-topology.ts'
import { CalendarWindows } from '../../src/windows/calendar-windows.ts'
import { SessionWindows } from '../../src/windows/session-windows.ts'
import { TimeWindows } from '../../src/windows/time-windows.ts'

const text = Serdes.string
const asText = { key: text, value: text }
const SOURCES = new Map([
  ['orders', 3],
  ['orders-v2', 3],
  ['returns', 3],
  ['names', 3],
  ['names-v2', 3],
])

function written(build: (builder: StreamsBuilder) => unknown, sources = SOURCES): WrittenTopology {
  const builder = new StreamsBuilder()
  build(builder)
  const topology = builder.build().forApplication('app')
  return writtenTopology(topology, 'app', planPartitions(topology, sources))
}

/** The internal topics as the first version has made them, and the sources. */
function topicsOf({ stores, repartitions }: WrittenTopology): ReadonlyMap<string, number> {
  const changelogs = stores.flatMap(({ topic, isSource, partitions }) =>
    topic === null || isSource ? [] : [[topic, partitions] as const],
  )
  return new Map([
    ...SOURCES,
    ...changelogs,
    ...repartitions.map(({ name, partitions }) => [name, partitions] as const),
  ])
}

function change(before: WrittenTopology, after: WrittenTopology): TopologyPlan {
  return planChange(before, after, topicsOf(before))
}

function stepOf({ steps }: TopologyPlan, name: string): PlanStep {
  return steps.find((step) => step.name === name)!
}

const counted =
  (topic = 'orders', name = 'counts') =>
  (builder: StreamsBuilder) =>
    builder.stream(topic, asText).groupByKey().count({ materialized: { name } })

const windowed =
  (sizeMs: number, graceMs = 0) =>
  (builder: StreamsBuilder) =>
    builder
      .stream('orders', asText)
      .groupByKey()
      .windowedBy(TimeWindows.ofSizeAndGrace(sizeMs, graceMs))
      .count({ materialized: { name: 'counts' } })

const daily = (zone: string) => (builder: StreamsBuilder) =>
  builder
    .stream('orders', asText)
    .groupByKey()
    .windowedBy(CalendarWindows.ofUnitWithNoGrace('day', zone))
    .count({ materialized: { name: 'counts' } })
    .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded(), { name: 'waiting' }))

describe('a topology that goes on with what another one stored', () => {
  test('keeps what has not changed, and creates what is new', () => {
    const before = written(counted())
    const after = written((builder) => {
      const groups = builder.stream('orders', asText).groupByKey()
      groups.count({ materialized: { name: 'counts' } })
      groups.reduce((a) => a, { materialized: { name: 'first' } })
    })
    const plan = change(before, after)
    expect(plan.steps.map(({ name, action }) => [name, action])).toEqual([
      ['counts', 'keep'],
      ['first', 'create'],
    ])
    expect(plan.isSafe).toBe(true)
    expect(() => refuseUnsafe(plan)).not.toThrow()
  })

  test('abandons a store that nothing uses any more', () => {
    const step = stepOf(
      change(
        written(counted()),
        written((builder) => builder.stream('orders', asText).to('out')),
      ),
      'counts',
    )
    expect([step.action, step.topic]).toEqual(['abandon', 'app-counts-changelog'])
  })

  test('migrates a store that moves to another engine', () => {
    const inMemory = written((builder) =>
      builder
        .stream('orders', asText)
        .groupByKey()
        .count({ materialized: { name: 'counts', engine: 'memory' } }),
    )
    expect(stepOf(change(written(counted()), inMemory), 'counts').action).toBe('migrate')
  })

  test('rebuilds a store whose tasks have another number', () => {
    const moved = written((builder) => {
      builder.stream('returns', asText).to('elsewhere')
      counted()(builder)
    })
    expect(stepOf(change(written(counted()), moved), 'counts').action).toBe('rebuild')
  })

  test('rebuilds a store that keeps its rows for another time', () => {
    expect(stepOf(change(written(windowed(1_000)), written(windowed(1_000, 500))), 'counts').action).toBe('rebuild')
  })

  test('begins anew where the topics are gone, whatever was written', () => {
    const plan = planChange(written(windowed(1_000)), written(counted()), SOURCES)
    expect(plan.steps.map(({ name, action }) => [name, action])).toEqual([['counts', 'create']])
  })

  test('keeps windows of the same calendar, also where it was written before calendars were told', () => {
    const after = written(daily('Europe/Berlin'))
    const isKept = (name: string, value: unknown): unknown => (name === 'calendar' ? undefined : value)
    const silent = JSON.parse(JSON.stringify(after, isKept)) as WrittenTopology
    for (const before of [after, silent])
      expect(change(before, after).steps.map(({ action }) => action)).toEqual(['keep', 'keep'])
  })

  test('may be made of more topics than before', () => {
    const more = written((builder) =>
      builder
        .stream(['orders', 'returns'], asText)
        .groupByKey()
        .count({ materialized: { name: 'counts' } }),
    )
    expect(stepOf(change(written(counted()), more), 'counts').action).toBe('keep')
  })

  test('without anything known goes on with topics that fit', () => {
    const plan = planChange(null, written(counted()), new Map([...SOURCES, ['app-counts-changelog', 3]]))
    expect(plan.steps.map(({ action }) => action)).toEqual(['rebuild'])
  })
})

describe('a topology that does not fit what is stored is refused, with what can be done', () => {
  const cases: readonly (readonly [string, WrittenTopology, WrittenTopology, RegExp])[] = [
    [
      'another kind of store',
      written(counted()),
      written(windowed(1_000)),
      /kind timestampedKeyValue .* timestampedWindow/,
    ],
    [
      'another kind of windows',
      written(windowed(1_000)),
      written((builder) =>
        builder
          .stream('orders', asText)
          .groupByKey()
          .windowedBy(SessionWindows.ofInactivityGapWithNoGrace(1_000))
          .count({ materialized: { name: 'counts' } }),
      ),
      /kind timestampedWindow .* session/,
    ],
    [
      'the calendar of another zone',
      written(daily('Europe/Berlin')),
      written(daily('America/New_York')),
      /windows were by the day in Europe\/Berlin and are by the day in America\/New_York/,
    ],
    [
      'the calendar where there was none',
      written(windowed(2 * 86_400_000)),
      written(daily('UTC')),
      /windows were by no calendar and are by the day in UTC/,
    ],
    ['another size of windows', written(windowed(1_000)), written(windowed(2_000)), /1000 ms long .* 2000 ms/],
    [
      'another format of values',
      written((builder) => builder.table('names', { ...asText, materialized: { name: 'names' } })),
      written((builder) => builder.table('names', { key: text, value: Serdes.long, materialized: { name: 'names' } })),
      /values were string and are long/,
    ],
    [
      'another format of keys',
      written(counted()),
      written((builder) =>
        builder
          .stream('orders', { key: Serdes.long, value: text })
          .groupByKey()
          .count({ materialized: { name: 'counts' } }),
      ),
      /keys were string and are long/,
    ],
    [
      'a source that was renamed',
      written(counted()),
      written(counted('orders-v2')),
      /made of orders and is made of orders-v2/,
    ],
    [
      'the source of a table that was renamed',
      written((builder) => builder.table('names', { ...asText, materialized: { name: 'counts' } })),
      written((builder) => builder.table('names-v2', { ...asText, materialized: { name: 'counts' } })),
      /made of names and is made of names-v2/,
    ],
    [
      'a changelog that is turned off',
      written(counted()),
      written((builder) =>
        builder
          .stream('orders', asText)
          .groupByKey()
          .count({ materialized: { name: 'counts', logging: false } }),
      ),
      /no changelog any more/,
    ],
    [
      'another number of partitions',
      written(counted()),
      written(counted(), new Map([['orders', 4]])),
      /app-counts-changelog has 3 partitions, and 4 are needed/,
    ],
  ]

  test.each(cases)('%s', (_title, before, after, reason) => {
    const plan = change(before, after)
    const step = stepOf(plan, after.stores[0]!.name)
    expect(step.action).toBe('refuse')
    expect(step.reason).toMatch(reason)
    expect(step.remedy).toMatch(/\w+.*\.$/)
    const error = thrownBy(() => refuseUnsafe(plan))
    expect(error.code).toBe('TOPOLOGY_INVALID')
    expect(error.message).toMatch(reason)
    expect(error.remedy).toBe(step.remedy)
  })

  test('with windows of another zone also what waits for their end', () => {
    const plan = change(written(daily('Europe/Berlin')), written(daily('America/New_York')))
    expect(plan.steps.map(({ name, action }) => [name, action])).toEqual([
      ['counts', 'refuse'],
      ['waiting-store', 'refuse'],
    ])
  })

  test('a store whose generated name has moved, because an operator was put in front of it', () => {
    const before = written((builder) => builder.stream('orders', asText).groupByKey().count())
    const after = written((builder) =>
      builder
        .stream('orders', asText)
        .filter(() => true)
        .groupByKey()
        .count(),
    )
    const [old, moved] = [before.stores[0]!.name, after.stores[0]!.name]
    const step = stepOf(change(before, after), moved)
    expect(step.action).toBe('refuse')
    expect(step.remedy).toContain(`the name ${old}`)
  })

  test('a generated name that belongs to another operator by now', () => {
    const [count, reduce] = [
      written((builder) => builder.stream('orders', asText).groupByKey().count()),
      written((builder) =>
        builder
          .stream('orders', asText)
          .groupByKey()
          .aggregate(
            () => '',
            (_key, value) => value,
            { materialized: { value: text } },
          ),
      ),
    ]
    const renamed = {
      ...reduce,
      stores: reduce.stores.map((store) => ({
        ...store,
        value: count.stores[0]!.value,
        name: count.stores[0]!.name,
        topic: count.stores[0]!.topic,
        operators: ['somethingElse'],
      })),
    }
    expect(stepOf(change(count, renamed), count.stores[0]!.name).reason).toMatch(/belongs to somethingElse/)
  })

  test('a repartition topic with another number of partitions, another format, or a name that has moved', () => {
    const regrouped =
      (partitions: number, value = text) =>
      (builder: StreamsBuilder) =>
        builder
          .stream('orders', asText)
          .mapValues((one) => one)
          .repartition({ key: text, value, name: 'again', partitions })
          .to('out')
    const before = written(regrouped(5))
    expect(stepOf(change(before, written(regrouped(6))), 'app-again-repartition').reason).toMatch(/5 partitions, and 6/)
    const bytes = { ...before, repartitions: before.repartitions.map((one) => ({ ...one, value: 'long' })) }
    expect(stepOf(change(bytes, before), 'app-again-repartition').reason).toMatch(
      /string → long and are string → string/,
    )

    const unnamed = (isMoved: boolean) => (builder: StreamsBuilder) => {
      const stream = builder.stream('orders', asText)
      const from = isMoved ? stream.filter(() => true) : stream
      from
        .selectKey((_key, value) => value!)
        .repartition(asText)
        .to('out')
    }
    const plan = change(written(unnamed(false)), written(unnamed(true)))
    expect(plan.steps.filter(({ kind }) => kind === 'repartition').map(({ action }) => action)).toEqual([
      'refuse',
      'abandon',
    ])
  })
})

test('a plan is read line by line', () => {
  const lines = planText(change(written(windowed(1_000)), written(windowed(2_000)))).split('\n')
  expect(lines[0]).toBe('refuse  store counts: its windows were 1000 ms long and are 2000 ms')
  expect(lines[1]).toMatch(/^ {8}Give the store another name/)
  expect(lines.at(-1)).toBe('The topology is refused.')
})

function thrownBy(run: () => void): SluiceError {
  try {
    run()
  } catch (error) {
    if (error instanceof SluiceError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
