/** Kafka's MockSource and MockSink: they do nothing, and fail when they are told to. */
import { defineSettings, defineSink, defineSource, SluiceError } from '@sluice/sdk'
import type {
  ConnectorContext,
  ParsedSettings,
  RunningConnector,
  SettingsShape,
  SinkTask,
  SourceTask,
} from '@sluice/sdk'
import type { TaskContext } from '@sluice/sdk'
import { javaNames, KAFKA_VERSION } from './java-names.ts'

const settings = defineSettings({
  mock_mode: {
    type: 'string',
    default: null,
    importance: 'high',
    documentation: 'connector-failure: the connector fails; task-failure: its tasks do. Anything else: nothing fails.',
  },
  delay_ms: {
    type: 'long',
    default: 15_000,
    importance: 'low',
    documentation: 'How long after the start.',
  },
})
type Settings = ParsedSettings<typeof settings>

export const mockSource = defineSource({
  name: 'mock-source',
  version: KAFKA_VERSION,
  aliases: javaNames('tools', 'MockSourceConnector'),
  documentation:
    "Reads nothing, and fails when it is told to: the MockSource of Apache Kafka's system tests. It has one task.",
  settings,
  start: startMock,
  createTask: (parsed, context): SourceTask => {
    const failure = new DueFailure(parsed, context)
    return {
      start: async () => failure.start(),
      poll: async () => {
        failure.throwIfDue()
        return null
      },
      stop: async () => undefined,
    }
  },
})

export const mockSink = defineSink({
  name: 'mock-sink',
  version: KAFKA_VERSION,
  aliases: javaNames('tools', 'MockSinkConnector'),
  documentation:
    "Drops every record, and fails when it is told to: the MockSink of Apache Kafka's system tests. It has one task.",
  settings,
  start: startMock,
  createTask: (parsed, context): SinkTask => {
    const failure = new DueFailure(parsed, context)
    return {
      start: async () => failure.start(),
      open: async () => undefined,
      put: async () => failure.throwIfDue(),
      flush: async (positions) => positions,
      close: async () => undefined,
      stop: async () => undefined,
    }
  },
})

/** The connector beside its tasks: fails once the time has come. */
async function startMock(
  parsed: Settings,
  context: ConnectorContext,
): Promise<RunningConnector<SettingsShape & Settings>> {
  const ended = new AbortController()
  const failLater = async (): Promise<void> => {
    if (parsed.mock_mode !== 'connector-failure') return
    await context.clock.sleep(parsed.delay_ms, ended.signal)
    if (!ended.signal.aborted) context.raiseError(asked('connector'))
  }
  const waiting = failLater()
  return {
    stop: async () => {
      ended.abort()
      await waiting
    },
  }
}

/** A task's failure at a time. */
class DueFailure {
  readonly #settings: Settings
  readonly #context: TaskContext
  #startedAt = 0

  constructor(parsed: Settings, context: TaskContext) {
    this.#settings = parsed
    this.#context = context
  }

  start(): void {
    this.#startedAt = this.#context.clock.monotonic()
  }

  throwIfDue(): void {
    const { mock_mode: mode, delay_ms: delayMs } = this.#settings
    if (mode === 'task-failure' && this.#context.clock.monotonic() - this.#startedAt > delayMs) throw asked('task')
  }
}

function asked(what: string): SluiceError {
  return new SluiceError('TASK_FAILED', `The mock ${what} fails, as mock_mode asked for`, {
    remedy: 'Take mock_mode out of its settings.',
  })
}
