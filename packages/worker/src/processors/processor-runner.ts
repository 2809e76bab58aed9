/** Has the processors of the catalogue run here that this worker has the code of, and tells how they are. */
import type { Clock, Logger, RawSettings } from '@sluice/sdk'
import { describeError } from '@sluice/sdk'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Deployment, InstanceStatus } from '../catalogue/catalogue-records.ts'
import type { TaskProgress } from '../cells/inline-host.ts'
import type { WorkEvents, WorkHost } from '../cells/work-host.ts'
import { AutomaticRestart } from '../herder/automatic-restart.ts'
import type { TargetState, TaskId, WorkState } from '../herder/herder.ts'
import { Lanes } from '../herder/lanes.ts'
import { cleanly } from '../provided-values.ts'
import { processorOf, workOf } from './instance-work.ts'
import { withKnown } from './known-topology.ts'
import type { LastLines } from './last-lines.ts'
import { completed, processorSettings } from './processor-settings.ts'
import type { ProcessorShelf } from './processor-shelf.ts'
import type { PausedKey } from '../record-path/task-control.ts'
import { untilShared } from '../shared-moments.ts'
import type { InstanceProgress } from './processor-task.ts'
import { StatusTeller } from './status-teller.ts'

/** A host that knows how far its tasks are. */
export interface ProcessorHost extends WorkHost {
  progress(processor: string): Promise<readonly TaskProgress[]>
}

export interface ProcessorRunnerParts {
  readonly catalogue: Catalogue
  readonly host: ProcessorHost
  readonly shelf: ProcessorShelf
  readonly teller: StatusTeller
  readonly lines: LastLines
  /** Puts the values of config providers in. */
  readonly resolve: (
    config: RawSettings,
  ) => Promise<{ readonly settings: RawSettings; readonly values: ReadonlySet<string> }>
  /** What instances that stop together are given. */
  readonly stopMs: number
  readonly clock: Clock
  readonly logger: Logger
}

/** What of a processor was started here. */
interface Run {
  readonly deployment: Deployment
  readonly restart: string | null
  readonly config: RawSettings
  target: TargetState
  keys: readonly PausedKey[]
  readonly instances: InstanceStatus[]
}

const LOOK_MS = 1_000

export class ProcessorRunner {
  readonly #parts: ProcessorRunnerParts
  readonly #runs = new Map<string, Run>()
  readonly #lanes = new Lanes()
  readonly #ending = new AbortController()
  readonly #restarts: AutomaticRestart
  #unlisten: () => void = () => undefined

  constructor(parts: ProcessorRunnerParts) {
    const { clock, logger } = parts
    this.#parts = parts
    this.#restarts = new AutomaticRestart({
      options: {},
      clock,
      logger,
      later: (_, delayMs, work) => void this.#later(delayMs, work),
      restart: (work) => this.#restartInstance(work as TaskId),
    })
  }

  /** What the host tells of its work. */
  readonly taskState: WorkEvents['taskState'] = ({ connector, task }, state, trace, version) => {
    const id = { connector: processorOf(connector), task }
    const run = this.#runs.get(id.connector)
    if (run?.instances[id.task] === undefined) return
    if (state === 'RUNNING') this.#restarts.up(id)
    const told = state === 'FAILED' ? this.#failed(id, this.#parts.lines.cleaned(id.connector, trace ?? '')) : null
    this.#tell(id, { state, trace: told, version: version ?? run.instances[id.task]!.version })
  }

  start(): void {
    const { catalogue, teller } = this.#parts
    this.#unlisten = catalogue.listen(({ name }, isProcessor) => {
      if (isProcessor) this.#consider(name)
    })
    // Of this worker's life before, too: what does not run any more is taken back.
    for (const name of new Set([...catalogue.processors, ...catalogue.statusesOf(teller.worker)])) this.#consider(name)
    void this.#watch()
  }

  /** Nothing is started any more; what runs is the host's to stop. */
  async stop(): Promise<void> {
    this.#ending.abort()
    this.#unlisten()
    await Promise.all([...this.#runs.keys()].map((name) => this.#lanes.run([name], async () => undefined)))
  }

  #consider(name: string): void {
    this.#lanes
      .run([name], () => this.#reconcile(name))
      .catch((error: unknown) =>
        this.#parts.logger.error('A processor could not be brought to what it is to be', {
          processor: name,
          error: describeError(error),
        }),
      )
  }

  async #reconcile(name: string): Promise<void> {
    if (this.#ending.signal.aborted) return
    const { catalogue, shelf, teller, lines } = this.#parts
    const deployment = catalogue.processor(name)?.deployments.at(-1)
    const isOurs = deployment !== undefined && shelf.find(deployment.config['processor.class']) !== undefined
    const restart = catalogue.restart(name)
    const target: TargetState = catalogue.target(name) === 'PAUSED' ? 'PAUSED' : 'STARTED'
    const run = this.#runs.get(name)
    if (run !== undefined && (!isOurs || !isSame(run.deployment, deployment) || run.restart !== restart))
      await this.#end(name, run)
    if (deployment === undefined) lines.forget(name)
    if (!isOurs) return teller.tell(name, null)
    const current = this.#runs.get(name)
    if (current === undefined) await this.#begin(name, deployment, restart, target)
    else await this.#turn(name, current, target)
  }

  async #begin(name: string, deployment: Deployment, restart: string | null, target: TargetState): Promise<void> {
    const { host } = this.#parts
    const given = completed(name, deployment.config)
    // Cells ask for what they are to load under the name that connectors have for it.
    const config = { ...given, 'connector.class': given['processor.class']! }
    let instances = 1
    let trace: string | null = null
    try {
      const { settings, values } = await this.#parts.resolve(given)
      this.#parts.lines.keep(name, values)
      instances = await cleanly(values, () => processorSettings.parse(settings).instances)
    } catch (error) {
      trace = describeError(error)
    }
    const fresh = Array.from({ length: instances }, (_, id) => freshInstance(id))
    const keys = this.#parts.catalogue.pausedKeys(name)
    const run: Run = { deployment, restart, config, target, keys, instances: fresh }
    this.#runs.set(name, run)
    this.#parts.teller.tell(name, statusOf(run))
    if (trace !== null) return this.#tell({ connector: name, task: 0 }, { state: 'FAILED', trace })
    for (const { id } of fresh) await host.startTask(this.#startOf(name, run, id))
  }

  async #end(name: string, run: Run): Promise<void> {
    const { host, stopMs } = this.#parts
    this.#runs.delete(name)
    this.#restarts.forgetConnector(name)
    await host.stopTasks(worksOf(name, run), stopMs)
  }

  async #turn(name: string, run: Run, target: TargetState): Promise<void> {
    const { host, catalogue } = this.#parts
    const keys = catalogue.pausedKeys(name)
    const isTurned = run.target !== target
    if (!isTurned && run.keys === keys) return
    run.target = target
    run.keys = keys
    await Promise.all(worksOf(name, run).map(({ connector }) => host.setTargetState(connector, target, keys)))
    if (isTurned && target === 'STARTED') this.#restarts.resumed(name)
  }

  /** What died with its cell comes back by itself, or is given up there. */
  #failed(id: TaskId, trace: string): string {
    if (this.#parts.host.restartsItself?.(trace) === true) return trace
    return `${trace}\n${this.#restarts.failed(id, trace)}`
  }

  #restartInstance(id: TaskId): boolean {
    const run = this.#runs.get(id.connector)
    if (run === undefined || run.target !== 'STARTED') return false
    const again = async (): Promise<void> => {
      const { host, stopMs } = this.#parts
      if (this.#runs.get(id.connector) !== run || this.#ending.signal.aborted) return
      await host.stopTasks([workOf(id.connector, id.task, run.instances.length)], stopMs)
      this.#tell(id, { state: 'RESTARTING', streamsState: null })
      await host.startTask(this.#startOf(id.connector, run, id.task))
    }
    this.#lanes.run([id.connector], again).catch((error: unknown) => {
      this.#tell(id, { state: 'FAILED', trace: describeError(error) })
    })
    return true
  }

  async #later(delayMs: number, work: () => void): Promise<void> {
    await this.#parts.clock.sleep(delayMs, this.#ending.signal)
    if (!this.#ending.signal.aborted) work()
  }

  /** Which tasks the group gave to which instance. */
  async #watch(): Promise<void> {
    const { clock, host } = this.#parts
    const { signal } = this.#ending
    while (!signal.aborted) {
      await clock.sleep(untilShared(LOOK_MS, clock.monotonic()), signal)
      if (signal.aborted) return
      for (const [name, run] of this.#runs) {
        // Who cannot say it now is asked again.
        const works = worksOf(name, run).map(({ connector }) => host.progress(connector).catch(() => []))
        for (const { id, progress } of (await Promise.all(works)).flat()) {
          const { streamsState = null, tasks = [] } = (progress ?? {}) as Partial<InstanceProgress>
          this.#tell({ connector: name, task: id.task }, { streamsState, tasks })
        }
      }
    }
  }

  #startOf(name: string, run: Run, instance: number): Parameters<WorkHost['startTask']>[0] {
    return {
      id: workOf(name, instance, run.instances.length),
      config: withKnown({}, this.#parts.catalogue.topology(name)),
      connectorConfig: run.config,
      targetState: run.target,
      ...(run.keys.length > 0 && { pausedKeys: run.keys }),
      tasks: run.instances.length,
      isExactlyOnce: false,
    }
  }

  #tell({ connector, task }: TaskId, news: Partial<InstanceStatus>): void {
    const run = this.#runs.get(connector)
    const before = run?.instances[task]
    if (run === undefined || before === undefined) return
    const now = { ...before, ...news }
    // What does not run has no tasks.
    const whole = hasTasks(now.state) ? now : { ...now, tasks: [], streamsState: null }
    if (JSON.stringify(whole) === JSON.stringify(before)) return
    run.instances[task] = whole
    this.#parts.teller.tell(connector, statusOf(run))
  }
}

function worksOf(name: string, { instances }: Run): readonly TaskId[] {
  return instances.map(({ id }) => workOf(name, id, instances.length))
}

function isSame(a: Deployment, b: Deployment): boolean {
  return a.number === b.number && a.at === b.at
}

function hasTasks(state: WorkState): boolean {
  return state === 'RUNNING' || state === 'UNASSIGNED' || state === 'RESTARTING'
}

function freshInstance(id: number): InstanceStatus {
  return { id, state: 'UNASSIGNED', streamsState: null, trace: null, version: null, tasks: [] }
}

function statusOf({ deployment, instances }: Run): {
  readonly deployment: number
  readonly instances: readonly InstanceStatus[]
} {
  return { deployment: deployment.number, instances: [...instances] }
}
