/** What becomes of what fails in a punctuator, in what it puts out, and in calls that this began: no record is to blame. */
import { describe, expect, test } from '@jest/globals'
import { readQuarantineHeaders } from '@sluice/quality'
import {
  Serdes,
  Stores,
  StreamRecord,
  StreamsBuilder,
  Timers,
  TimeWindows,
  type ErrorPolicy,
  type ProcessorContext,
  type Topology,
} from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'

const text = { key: Serdes.string, value: Serdes.string }
const EVERY_MS = 1_000
type Settings = Readonly<Record<string, string>>
type Put = (value: string) => void

interface Nodes {
  /** The punctuator's, and that behind it, which throws on `bad`. */
  readonly ticker?: ErrorPolicy
  readonly check?: ErrorPolicy
}

/** Each record, and what each punctuator puts out by the clock, is checked on its way to `out`. */
function ticking(punctuators: readonly ((put: Put) => void)[], nodes: Nodes = {}): Topology {
  const builder = new StreamsBuilder()
  const ticked = builder.stream('in', text).process<string, string>(
    () => ({
      init(context: ProcessorContext<string, string>) {
        const put: Put = (value) => context.forward(new StreamRecord('tick', value, 7))
        for (const punctuator of punctuators) context.schedule(EVERY_MS, 'WALL_CLOCK_TIME', () => punctuator(put))
      },
      process: () => {},
    }),
    { name: 'ticker' },
  )
  if (nodes.ticker !== undefined) ticked.onError(nodes.ticker)
  const checked = ticked.peek(
    (_key, value) => {
      if (value === 'bad') throw new TypeError('no good')
    },
    { name: 'check' },
  )
  if (nodes.check !== undefined) checked.onError(nodes.check)
  checked.to('out', text)
  return builder.build()
}

class Run {
  readonly driver: TopologyTestDriver

  constructor(topology: Topology, settings: Settings = {}) {
    this.driver = new TopologyTestDriver(topology, { settings })
  }

  tick(times = 1): this {
    for (let i = 0; i < times; i++) this.driver.advanceWallClockTime(EVERY_MS)
    return this
  }

  out = () => this.driver.createOutputTopic('out', Serdes.string, Serdes.string).readValuesToList()
  letters = () => this.driver.createOutputTopic('test.quarantine').readRecordsToList()
}

const handler = (policy: string): Settings => ({ 'processing.exception.handler': policy })
const throwing = (): never => {
  throw new TypeError('not now')
}

describe('what a punctuator throws', () => {
  test('is a dead letter without a record, which says what failed where; the next time it is called again', () => {
    let calls = 0
    const run = new Run(
      ticking([
        (put) => {
          put('before')
          if (++calls === 1) throwing()
          put('behind')
        },
      ]),
    ).tick(2)
    expect(run.out()).toEqual(['before', 'before', 'behind'])
    const [letter, ...others] = run.letters()
    expect(others).toEqual([])
    expect([letter!.key, letter!.value]).toEqual([null, null])
    const headers = new Map(letter!.headers.map(({ key, value }) => [key, value && Buffer.from(value).toString()]))
    expect(headers.get('__streams.errors.exception')).toBe('TypeError: not now')
    expect(headers.get('__streams.errors.stacktrace')).toContain('TypeError: not now')
    expect(headers.get('__streams.errors.topic')).toBeNull()
    expect(headers.get('__streams.errors.offset')).toBe('-1')
    expect(readQuarantineHeaders(letter!.headers)).toMatchObject({
      origin: null,
      stage: 'process',
      reasons: [{ place: { node: 'ticker', task: '0_0' } }],
    })
    expect(run.driver.droppedRecords()).toEqual({ process: 1 })
    expect(run.driver.tally()).toMatchObject({ in: 0 })
  })

  test('does not keep others from being called', () =>
    expect(new Run(ticking([throwing, (put) => put('other')])).tick().out()).toEqual(['other']))

  test.each(['retry', 'park'])('with %s it is a dead letter too: there is nothing to hold', (policy) =>
    expect(new Run(ticking([throwing]), handler(policy)).tick().letters()).toHaveLength(1),
  )

  test('with drop it is counted', () => {
    const run = new Run(ticking([throwing]), handler('drop')).tick()
    expect([run.letters(), run.driver.droppedRecords()]).toEqual([[], { process: 1 }])
  })

  test('with fail it ends the run, and says which node', () =>
    expect(() => new Run(ticking([throwing]), handler('fail')).tick()).toThrow(
      expect.objectContaining({ code: 'TASK_FAILED', place: { node: 'ticker' } }),
    ))

  test('is dealt with as its node says', () => {
    expect(new Run(ticking([throwing], { ticker: 'drop' }), handler('fail')).tick().letters()).toEqual([])
    expect(() => new Run(ticking([throwing], { ticker: 'fail' })).tick()).toThrow(
      expect.objectContaining({ code: 'TASK_FAILED' }),
    )
  })
})

describe('what fails behind a punctuator', () => {
  const putting = (put: Put): void => ['a', 'bad', 'b'].forEach(put)

  test('goes on no further; what the punctuator puts out besides does', () => {
    const run = new Run(ticking([putting])).tick()
    expect(run.out()).toEqual(['a', 'b'])
    expect(run.letters().map(({ headers }) => readQuarantineHeaders(headers)?.reasons[0]?.place)).toEqual([
      { task: '0_0', node: 'check' },
    ])
  })

  test('is dealt with as the node says that failed', () => {
    const run = new Run(ticking([putting], { ticker: 'fail', check: 'drop' }), handler('fail')).tick()
    expect([run.out(), run.letters()]).toEqual([['a', 'b'], []])
    expect(() => new Run(ticking([putting], { ticker: 'drop', check: 'fail' })).tick()).toThrow(
      expect.objectContaining({ code: 'TASK_FAILED', place: { node: 'check' } }),
    )
  })

  test('with fail it ends the run, also if the punctuator catches it', () => {
    const catching = (put: Put): void => {
      try {
        put('bad')
      } catch {
        put('besides')
      }
    }
    expect(() => new Run(ticking([catching]), handler('fail')).tick()).toThrow(
      expect.objectContaining({ code: 'TASK_FAILED' }),
    )
  })

  test('because it cannot be written is dealt with as production exceptions are', () => {
    const long = (put: Put): void => ['x'.repeat(400), 'b'].forEach(put)
    const small = { 'producer.max.request.size': '300' }
    const run = new Run(ticking([long]), { ...small, ...handler('fail') }).tick()
    expect([run.out(), run.driver.droppedRecords()]).toEqual([['b'], { encode: 1 }])
    const failing = { ...small, 'production.exception.handler': 'fail' }
    expect(() => new Run(ticking([long]), failing).tick()).toThrow(expect.objectContaining({ code: 'TASK_FAILED' }))
  })
})

describe('of several timers that are due, one that throws', () => {
  const due = Stores.timers('due', { key: Serdes.string })

  function timing(throwOn: readonly string[]): Topology {
    const builder = new StreamsBuilder()
    builder
      .stream('in', text)
      .process<string, string>(
        () => {
          let timers: Timers<string>
          return {
            init(context: ProcessorContext<string, string>) {
              timers = new Timers(context, due, 'STREAM_TIME', (key, dueAt) => {
                if (throwOn.includes(key)) throw new Error(`not ${key}`)
                context.forward(new StreamRecord(key, `${key}!`, dueAt))
              })
            },
            process: ({ key, value }: StreamRecord<string | null, string | null>) => timers.set(key!, Number(value)),
          }
        },
        { name: 'timer', stores: [due] },
      )
      .to('out', text)
    return builder.build()
  }

  function run(throwOn: readonly string[]): Run {
    const started = new Run(timing(throwOn))
    const input = started.driver.createInputTopic('in', Serdes.string, Serdes.string)
    for (const [i, key] of ['a', 'b', 'c'].entries()) input.pipeInput(key, String(50 + i), { timestamp: i })
    input.pipeInput('d', '1000', { timestamp: 100 })
    input.pipeInput('e', '1000', { timestamp: 101 })
    return started
  }

  test('is over, and the others fire', () => {
    const { out, letters } = run(['b'])
    expect(out()).toEqual(['a!', 'c!'])
    expect(letters()).toHaveLength(1)
  })

  test('says how many it was with', () => {
    const { out, letters } = run(['b', 'c'])
    expect(out()).toEqual(['a!'])
    const reasons = letters().flatMap(({ headers }) => readQuarantineHeaders(headers)!.reasons)
    expect(reasons).toHaveLength(1)
    expect(reasons[0]!.message).toContain('2 timers failed; because: not b')
  })
})

test('what fails in letting go of what waits ends the run, though the clock lets it go: nothing that waits is lost', () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', text)
    .advanceWhenIdle({ name: 'idle', afterMs: EVERY_MS })
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeAndGrace(10, 0))
    .emitStrategy('close')
    .count({ materialized: { name: 'counts' } })
    .toStream(({ key }) => key)
    .mapValues(throwing, { name: 'throws' })
    .to('out', text)
  const run = new Run(builder.build(), handler('drop'))
  run.driver.createInputTopic('in', Serdes.string, Serdes.string).pipeInput('a', '', { timestamp: 5 })
  expect(() => run.tick(5)).toThrow(expect.objectContaining({ code: 'TASK_FAILED', place: { node: 'throws' } }))
})
