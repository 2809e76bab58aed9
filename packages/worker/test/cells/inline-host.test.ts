import { beforeEach, describe, expect, test } from '@jest/globals'
import {
  defineSettings,
  defineSink,
  defineSource,
  type Connector,
  type ConnectorContext,
  type RawSettings,
} from '@sluice/sdk'
import { FakeClock, MemoryLogger } from '@sluice/sdk/testing'
import { CellMetrics } from '../../src/cells/cell-metrics.ts'
import { InlineHost } from '../../src/cells/inline-host.ts'
import type { TaskHandle, TaskHooks, WorkEnvironment } from '../../src/cells/work-environment.ts'
import type { TaskId } from '../../src/herder/herder.ts'

const settings = defineSettings({
  wrong: { type: 'boolean', default: false, importance: 'low', documentation: 'Whether.' },
})
const never = new Promise<never>(() => undefined)

let clock: FakeClock
let told: string[]
let logger: MemoryLogger
let connector: Connector
let host: InlineHost
let instruments: CellMetrics
/** The last task that was built, and what it was built with. */
let built: { readonly config: RawSettings; readonly hooks: TaskHooks } | undefined
let runTask: (signal: AbortSignal, hooks: TaskHooks) => Promise<void>

beforeEach(() => {
  clock = new FakeClock()
  logger = new MemoryLogger()
  told = []
  built = undefined
  runTask = async (signal, { events }) => {
    events.stateChanged('RUNNING')
    await aborted(signal)
  }
  connector = withParts({})
  instruments = new CellMetrics()
  const environment: WorkEnvironment = {
    clock,
    instruments,
    connector: async () => connector,
    resolve: async (config) => ({
      settings: Object.fromEntries(
        Object.entries(config).map(([key, value]) => [key, value.replace('${secret}', 's3cret')]),
      ),
      values: new Set(['s3cret']),
    }),
    buildTask: async (_, config, __, hooks): Promise<TaskHandle> => {
      built = { config, hooks }
      return { progress: () => 'some', run: (signal) => runTask(signal, hooks) }
    },
    metrics: () => instruments.samples(),
    close: async () => undefined,
  }
  host = new InlineHost({
    environment,
    logger,
    guard: { fence: async () => undefined, verify: async () => undefined },
    events: {
      connectorState: (name, state, trace, version) =>
        told.push([name, state, trace ?? '', version ?? ''].join(' ').trim()),
      taskState: (id, state, trace) => told.push(`${id.connector}-${id.task} ${state} ${trace ?? ''}`.trim()),
      reconfigurationRequested: (name) => told.push(`${name} reconfigure`),
      topicUsed: (id, topic) => told.push(`${id.connector}-${id.task} uses ${topic}`),
    },
  })
})

type Parts = Partial<Pick<Connector, 'taskSettings' | 'start' | 'validate'>> & {
  alterOffsets?: (settings: unknown, offsets: unknown, raw: RawSettings) => boolean
}

function withParts(parts: Parts): Connector {
  const createTask = (): never => {
    throw new Error('is built by the test')
  }
  return defineSource({ name: 'c', version: '7', documentation: 'x', settings, createTask, ...parts })
}

const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve())))

async function start(
  config: RawSettings = {},
  targetState: 'STARTED' | 'PAUSED' | 'STOPPED' = 'STARTED',
): Promise<void> {
  await host.startConnector({ connector: 'a', config: { name: 'a', ...config }, targetState })
  await settle()
}

async function startTask(targetState: 'STARTED' | 'PAUSED' = 'STARTED', of: TaskId = id): Promise<void> {
  const connectorConfig = { name: 'a', password: '${secret}', of: 'connector' }
  await host.startTask({ id: of, config: { of: 'task' }, connectorConfig, targetState, tasks: 1, isExactlyOnce: false })
  await settle()
}
const id: TaskId = { connector: 'a', task: 0 }

/** A connector whose start and stop come back when the test says so. */
function slow(): { starts: PromiseWithResolvers<void>[]; stops: number; context(): ConnectorContext } {
  const seen = { starts: [] as PromiseWithResolvers<void>[], stops: 0, context: () => context! }
  let context: ConnectorContext | undefined
  connector = withParts({
    start: async (_: unknown, given: ConnectorContext) => {
      context = given
      const started = Promise.withResolvers<void>()
      seen.starts.push(started)
      await started.promise
      return { stop: async () => void seen.stops++ }
    },
  })
  return seen
}

describe("a connector's instance", () => {
  test('without a start of its own runs as soon as its settings are right, and says its version', async () => {
    await start()
    expect(told).toEqual(['a RUNNING  7'])
  })

  test('whose settings are wrong is FAILED with the reason', async () => {
    await start({ wrong: 'perhaps' })
    expect(told[0]).toMatch(/^a FAILED .*wrong/s)
  })

  test('that fails of a value of a config provider does not say what it was, in its trace or in a log', async () => {
    await start({ wrong: '${secret}' })
    expect(told[0]).toMatch(/^a FAILED .*\[hidden\]/s)
    await expect(host.taskConfigs('a', 1)).rejects.toThrow(/\[hidden\]/)
    await expect(host.alterOffsets('a', { wrong: '${secret}' }, [])).rejects.toThrow(/\[hidden\]/)
    connector = withParts({
      start: async (_: unknown, { logger: own }: ConnectorContext) => {
        own.warn('as s3cret', { user: 's3cret' })
        throw new Error('no s3cret')
      },
      validate: () => [{ setting: 'wrong', message: 'not s3cret' }],
    })
    const signal = new AbortController().signal
    expect(await host.validate({}, signal)).toEqual([{ setting: 'wrong', message: 'not [hidden]' }])
    await host.startConnector({ connector: 'b', config: { name: 'b', wrong: 'true' }, targetState: 'STARTED' })
    await settle()
    expect(told.at(-1)).toBe('b FAILED no [hidden] 7')
    runTask = async (_, { logger: own }) => {
      own.info('s3cret')
      throw new Error('no s3cret')
    }
    await startTask()
    expect(told.at(-1)).toBe('a-0 FAILED no [hidden]')
    expect([...host.values]).toEqual(['s3cret'])
    expect(JSON.stringify([told, logger.lines])).not.toContain('s3cret')
  })

  test('of several wishes that wait, the last one counts', async () => {
    const seen = slow()
    await start()
    await host.setTargetState('a', 'PAUSED')
    await host.setTargetState('a', 'STARTED')
    await host.setTargetState('a', 'STOPPED')
    seen.starts[0]!.resolve()
    await settle()
    expect(told).toEqual(['a RUNNING  7', 'a STOPPED  7'])
    expect(seen.stops).toBe(1)
  })

  test('is stopped when it is to pause, and started once more when it is to go on', async () => {
    const seen = slow()
    await start({}, 'PAUSED')
    expect(told).toEqual(['a PAUSED'])
    await host.setTargetState('a', 'STARTED')
    await settle()
    seen.starts[0]!.resolve()
    await settle()
    await host.setTargetState('a', 'PAUSED')
    await settle()
    expect([seen.starts.length, seen.stops]).toEqual([1, 1])
    expect(told).toEqual(['a PAUSED', 'a RUNNING  7', 'a PAUSED  7'])
  })

  test('that raises an error is FAILED, once, and accepts nothing but to be stopped', async () => {
    const seen = slow()
    await start()
    seen.starts[0]!.resolve()
    await settle()
    seen.context().raiseError(new Error('the table is gone'))
    seen.context().raiseError(new Error('and again'))
    await host.setTargetState('a', 'PAUSED')
    await host.setTargetState('a', 'STARTED')
    await settle()
    expect(told).toEqual(['a RUNNING  7', 'a FAILED the table is gone 7'])
    await host.setTargetState('a', 'STOPPED')
    await settle()
    expect(told.at(-1)).toBe('a STOPPED  7')
    expect(seen.stops).toBe(1)
  })

  test('that raises an error before its start has come back never runs', async () => {
    const seen = slow()
    await start()
    seen.context().raiseError(new Error('no'))
    seen.starts[0]!.resolve()
    await settle()
    expect(told).toEqual(['a FAILED no 7'])
  })

  test('may ask for its tasks to be made anew, as long as it is here', async () => {
    const seen = slow()
    await start()
    seen.context().requestTaskReconfiguration()
    seen.starts[0]!.resolve()
    await settle()
    await host.stopConnector('a', 1000)
    told.length = 0
    seen.context().requestTaskReconfiguration()
    seen.context().raiseError(new Error('late'))
    expect(told).toEqual([])
  })

  test('that does not stop in time is left behind: nothing of it is told any more', async () => {
    connector = withParts({ start: async () => ({ stop: () => never }) })
    await start()
    const stopping = host.stopConnector('a', 5000)
    await settle()
    clock.advance(5000)
    expect(await stopping).toBe(false)
    expect(told).toEqual(['a RUNNING  7'])
    expect(host.connectors).toEqual([])
  })

  test('cannot be started twice', async () => {
    await start()
    await expect(start()).rejects.toMatchObject({ code: 'INTERNAL' })
  })
})

describe('what is counted', () => {
  const shown = (): readonly string[] =>
    instruments.samples().map(({ name, labels, value }) => `${name} ${labels['of'] ?? ''} ${value}`)
  const count: typeof runTask = async (signal, { events, metrics }) => {
    events.stateChanged('RUNNING')
    metrics.counter('rows', { of: 'task' }).add(3)
    metrics.counter('rows', { of: 'both' }).add(1)
    await aborted(signal)
  }

  test('by a task and by a connector is shown until each is stopped, and begins anew with the next', async () => {
    const seen = slow()
    await start()
    seen.context().metrics.gauge('tables').set(7)
    runTask = count
    await startTask()
    expect(shown()).toEqual(['tables  7', 'rows task 3', 'rows both 1'])
    await host.stopTasks([id], 1000)
    expect(shown()).toEqual(['tables  7'])
    await startTask()
    expect(shown()).toEqual(['tables  7', 'rows task 3', 'rows both 1'])
    seen.starts[0]!.resolve()
    await host.stopConnector('a', 1000)
    expect(shown()).toEqual(['rows task 3', 'rows both 1'])
    await host.stop(1000)
    expect(shown()).toEqual([])
  })

  test('by two tasks together stays for as long as one of them is there', async () => {
    runTask = count
    await startTask()
    await startTask('STARTED', { connector: 'a', task: 1 })
    expect(shown()).toEqual(['rows task 6', 'rows both 2'])
    await host.stopTasks([id], 1000)
    expect(shown()).toEqual(['rows task 6', 'rows both 2'])
    await host.stopTasks([{ connector: 'a', task: 1 }], 1000)
    expect(shown()).toEqual([])
  })

  test('by a task that failed is shown until it is restarted', async () => {
    runTask = async (_, { metrics }) => {
      metrics.counter('rows').add(2)
      throw new Error('full')
    }
    await startTask()
    expect(shown()).toEqual(['rows  2'])
    await host.stopTasks([id], 1000)
    expect(shown()).toEqual([])
  })

  test('by a task or a connector that was left behind is seen by nobody, also not beside the next one of its name', async () => {
    connector = withParts({
      start: async (_: unknown, { metrics }: ConnectorContext) => {
        metrics.gauge('tables').set(1)
        return { stop: () => never }
      },
    })
    await start()
    runTask = async (_, { metrics }) => {
      metrics.counter('rows').add(2)
      await never
    }
    await startTask()
    const { metrics } = built!.hooks
    const rows = metrics.counter('rows')
    const stopping = host.stop(5000)
    await settle()
    clock.advance(5000)
    await settle()
    clock.advance(5000)
    await stopping
    expect(shown()).toEqual([])
    runTask = count
    await startTask()
    rows.add(100)
    metrics.counter('rows').add(100)
    metrics.counter('late').add(1)
    expect(shown()).toEqual(['rows task 3', 'rows both 1'])
  })
})

describe('task configs', () => {
  test('are what the running instance makes, else the connector, else its own config; task.class is added', async () => {
    await start({ 'connector.class': 'org.example.ThingSourceConnector' })
    expect(await host.taskConfigs('a', 3)).toEqual([
      { name: 'a', 'connector.class': 'org.example.ThingSourceConnector', 'task.class': 'org.example.ThingSourceTask' },
    ])
    await host.stopConnector('a', 1)
    connector = withParts({
      taskSettings: () => [{ from: 'connector' }],
      start: async () => ({ stop: async () => undefined, taskSettings: () => [{ from: 'instance' }, {}] }),
    })
    await start()
    expect(await host.taskConfigs('a', 3)).toEqual([{ from: 'instance', 'task.class': 'c' }, { 'task.class': 'c' }])
  })

  test("have a sink's topics with them", async () => {
    connector = defineSink({
      name: 's',
      version: '1',
      documentation: 'x',
      settings,
      taskSettings: () => [{}],
      createTask: () => never as never,
    })
    await start({ topics: 'x,y' })
    expect(await host.taskConfigs('a', 1)).toEqual([{ topics: 'x,y', 'task.class': 's' }])
  })

  test('more than there may be are refused, unless tasks.max is not enforced', async () => {
    connector = withParts({ taskSettings: () => [{}, {}] })
    await start()
    await expect(host.taskConfigs('a', 1)).rejects.toMatchObject({ code: 'TASKS_TOO_MANY' })
    await host.stopConnector('a', 1)
    await start({ 'tasks.max.enforce': 'false' })
    expect(await host.taskConfigs('a', 1)).toHaveLength(2)
  })
})

describe('a task', () => {
  test("has its own settings over the connector's, placeholders resolved; it is UNASSIGNED when it was asked to stop", async () => {
    await startTask()
    expect(built!.config).toEqual({ name: 'a', password: 's3cret', of: 'task' })
    built!.hooks.events.topicUsed('t')
    expect(await host.stopTasks([id], 1000)).toEqual([])
    expect(told).toEqual(['a-0 RUNNING', 'a-0 uses t', 'a-0 UNASSIGNED'])
    expect(host.tasks).toEqual([])
  })

  test('that is to be paused is so before anything is made of it', async () => {
    await startTask('PAUSED')
    expect([told, built]).toEqual([['a-0 PAUSED'], undefined])
    await host.setTargetState('a', 'STARTED')
    await settle()
    expect(told).toEqual(['a-0 PAUSED', 'a-0 RUNNING'])
  })

  test('that fails is FAILED with the chain of causes; it is not UNASSIGNED afterwards', async () => {
    runTask = async () => {
      throw new Error('cannot write', { cause: new Error('disk full') })
    }
    await startTask()
    await host.stopTasks([id], 1000)
    expect(told).toEqual(['a-0 FAILED cannot write; because: disk full'])
    expect(logger.lines.find(({ level }) => level === 'error')?.fields).toMatchObject({ connector: 'a', task: 0 })
  })

  test.each([undefined, null])(
    'that fails on %s is FAILED all the same, and says that it did not say why',
    async (nothing) => {
      // oxlint-disable-next-line prefer-promise-reject-errors -- what a connector's author may do
      runTask = () => Promise.reject(nothing)
      await startTask()
      await settle()
      expect(told.at(-1)).toBe('a-0 FAILED The task failed and did not say why')
    },
  )

  test('that does not stop in time is cancelled; the others share the one grace; nothing of it is told any more', async () => {
    const late = Promise.withResolvers<void>()
    runTask = async (_, { events }) => {
      events.stateChanged('RUNNING')
      await late.promise
      events.stateChanged('PAUSED')
      throw new Error('too late')
    }
    await startTask()
    const { control } = built!.hooks
    const stopping = host.stopTasks([id], 5000)
    await settle()
    clock.advance(5000)
    expect(await stopping).toEqual([id])
    expect(control.isCancelled).toBe(true)
    late.resolve()
    await settle()
    expect(told).toEqual(['a-0 RUNNING'])
    expect(logger.lines.filter(({ message }) => message.includes('too late'))).toEqual([])
  })

  test('that stops while it is being made never runs', async () => {
    await startTask('PAUSED')
    expect(await host.stopTasks([id], 1000)).toEqual([])
    expect([told, built]).toEqual([['a-0 PAUSED', 'a-0 UNASSIGNED'], undefined])
  })
})

describe('questions to a connector that does not run', () => {
  test('reach it with placeholders resolved', async () => {
    let seen: RawSettings = {}
    connector = withParts({
      validate: (raw) => {
        seen = raw
        return [{ setting: 'x', message: 'no' }]
      },
    })
    expect(await host.validate({ x: '${secret}' }, new AbortController().signal)).toEqual([
      { setting: 'x', message: 'no' },
    ])
    expect(seen).toEqual({ x: 's3cret' })
    connector = withParts({})
    expect(await host.validate({}, new AbortController().signal)).toEqual([])
    expect(await host.alterOffsets('a', {}, [])).toBe(false)
    connector = withParts({
      alterOffsets: (_settings, _offsets, raw) => {
        seen = raw
        return true
      },
    })
    const offsets = [{ partition: { file: 'x' }, offset: null }]
    expect(await host.alterOffsets('a', { name: 'a', x: '${secret}' }, offsets)).toBe(true)
    expect(seen).toEqual({ name: 'a', x: 's3cret' })
  })
})
