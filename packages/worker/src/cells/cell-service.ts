import { describeError } from '@sluice/sdk'
import type { CallWatch } from './call-watch.ts'
import type { CellLog } from './cell-logger.ts'
import type { CellCall, CellCalls, CellOrder, CellOrders, FromCell, ToCell } from './cell-protocol.ts'
import { InlineHost } from './inline-host.ts'
import { Tidying } from './tidying.ts'
import { fromWire, toWire, type WireError } from './wire-error.ts'
import type { WorkEnvironment } from './work-environment.ts'
import type { ExactlyOnceGuard, WorkEvents } from './work-host.ts'

const OPEN_CALL_MS = 1000
const OPEN_CALLS_TOLD = 50
/** A task is silent that long before it is told. */
const SILENT_MS = 5000
const TIDY_AFTER_PINGS = 5

export interface CellServiceParts {
  readonly environment: WorkEnvironment
  readonly watch: CallWatch
  readonly log: CellLog
  /** `sent`: when it is out of the house. */
  readonly send: (message: FromCell, sent?: () => void) => void
  readonly residentBytes: () => number
  /** Gives memory back that starting has taken. */
  readonly tidy: () => void
  /** All has been stopped as the supervisor called for, and it knows. */
  readonly stopped: () => void
}

/** The cell's side: does what the supervisor calls for, and tells what becomes of it. */
export class CellService {
  readonly #parts: CellServiceParts
  readonly #host: InlineHost
  readonly #events: WorkEvents
  readonly #asked = new Map<number, { resolve(): void; reject(error: Error): void }>()
  #asks = 0
  readonly #tidying: Tidying

  constructor(parts: CellServiceParts) {
    this.#parts = parts
    const { environment, watch, log, tidy } = parts
    this.#tidying = new Tidying(tidy, TIDY_AFTER_PINGS)
    this.#events = eventsBy(parts.send)
    this.#host = new InlineHost({
      environment,
      watch,
      logger: log.logger(),
      guard: this.#guard(),
      events: this.#events,
    })
  }

  /** Of config providers: not to be told. */
  get values(): ReadonlySet<string> {
    return this.#host.values
  }

  hear(message: ToCell): void {
    switch (message.type) {
      case 'birth':
        return
      case 'ping':
        this.#tidying.beat()
        return this.#pong()
      case 'level':
        this.#parts.log.level = message.level
        return
      case 'told':
        return this.#told(message.seq, message.error)
      case 'order':
        void this.#obey(message.what, message.args)
        return
      case 'call':
        void this.#answer(message.seq, message.what, message.args)
    }
  }

  async stop(timeoutMs: number): Promise<void> {
    await this.#host.stop(timeoutMs)
    await this.#parts.environment.close()
    await this.#parts.log.flush()
  }

  async #obey(what: CellOrder, args: readonly unknown[]): Promise<void> {
    const orders: { [O in CellOrder]: (...args: CellOrders[O]) => Promise<void> } = {
      startConnector: async (start) => {
        this.#tidying.again()
        await this.#host.startConnector(start).catch((error: unknown) => {
          this.#events.connectorState(start.connector, 'FAILED', describeError(error), null)
        })
      },
      startTask: (start) =>
        this.#host.startTask(start).catch((error: unknown) => {
          this.#events.taskState(start.id, 'FAILED', describeError(error), null)
        }),
      setTargetState: (...target) => this.#host.setTargetState(...target),
    }
    await (orders[what] as (...args: readonly unknown[]) => Promise<void>)(...args)
  }

  async #answer(seq: number, what: CellCall, args: readonly unknown[]): Promise<void> {
    const { send, stopped } = this.#parts
    const sent = what === 'stop' ? stopped : undefined
    try {
      send({ type: 'answer', seq, value: await this.#do(what, args), error: null }, sent)
    } catch (error) {
      send({ type: 'answer', seq, value: null, error: toWire(error) }, sent)
    }
  }

  #do(what: CellCall, args: readonly unknown[]): unknown {
    const calls: { [C in CellCall]: (...args: CellCalls[C]['args']) => unknown } = {
      stopConnector: (connector, timeoutMs) => this.#host.stopConnector(connector, timeoutMs),
      stopTasks: (ids, timeoutMs) => this.#host.stopTasks(ids, timeoutMs),
      taskConfigs: (connector, tasksMax) => this.#host.taskConfigs(connector, tasksMax),
      validate: (config, timeoutMs) => this.#host.validate(config, AbortSignal.timeout(timeoutMs)),
      describe: (config) => this.#host.describe(config),
      alterOffsets: (connector, config, offsets) => this.#host.alterOffsets(connector, config, offsets),
      progress: (connector) => this.#host.progress(connector),
      metrics: () => ({ samples: this.#parts.environment.metrics(), figures: this.#host.figures() }),
      stop: (timeoutMs) => this.stop(timeoutMs),
    }
    return (calls[what] as (...args: readonly unknown[]) => unknown)(...args)
  }

  #pong(): void {
    const { watch, environment, send, residentBytes } = this.#parts
    const now = environment.clock.monotonic()
    send({
      type: 'pong',
      residentBytes: residentBytes(),
      open: watch.open(OPEN_CALL_MS).slice(0, OPEN_CALLS_TOLD),
      silent: this.#host.tasks.flatMap((id) => {
        const silentMs = now - (this.#host.lastSignOfLife(id) ?? now)
        return silentMs < SILENT_MS ? [] : [{ id, silentMs }]
      }),
    })
  }

  #guard(): ExactlyOnceGuard {
    return {
      fence: (connector) => this.#ask((seq) => ({ type: 'fence', seq, connector })),
      verify: (id) => this.#ask((seq) => ({ type: 'verify', seq, id })),
    }
  }

  /** Waits as long as the supervisor is there: without it the cell ends. */
  #ask(question: (seq: number) => FromCell): Promise<void> {
    const seq = ++this.#asks
    return new Promise((resolve, reject) => {
      this.#asked.set(seq, { resolve, reject })
      this.#parts.send(question(seq))
    })
  }

  #told(seq: number, error: WireError | null): void {
    const asked = this.#asked.get(seq)
    this.#asked.delete(seq)
    if (error === null) asked?.resolve()
    else asked?.reject(fromWire(error))
  }
}

function eventsBy(send: CellServiceParts['send']): WorkEvents {
  return {
    connectorState: (connector, state, trace, version) => send({ type: 'connector', connector, state, trace, version }),
    taskState: (id, state, trace, version) => send({ type: 'task', id, state, trace, version }),
    reconfigurationRequested: (connector) => send({ type: 'reconfiguration', connector }),
    topicUsed: (id, topic) => send({ type: 'topic', id, topic }),
  }
}
