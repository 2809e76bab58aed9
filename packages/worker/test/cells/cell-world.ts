/** A host of cells on the broker, what it told, and healthy connectors beside the sick ones. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock, type RawSettings } from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import { CellHost, type CellHostOptions } from '../../src/cells/cell-host.ts'
import type { TargetState, TaskId, WorkState } from '../../src/herder/herder.ts'
import { eventually } from '../support/eventually.ts'

export interface Told {
  readonly what: string
  readonly state: WorkState
  readonly trace: string | null
}

const HERE = new URL('.', import.meta.url)

/** The environment of a real worker, with the sick connectors. */
export function realEnvironment(bootstrapServers: string, name: string): Pick<CellHostOptions, 'module' | 'given'> {
  const worker = {
    'bootstrap.servers': bootstrapServers,
    'group.id': name,
    'config.providers': 'env',
    'config.providers.env.class': 'EnvVarConfigProvider',
    'config.storage.topic': `${name}.configs`,
    'status.storage.topic': `${name}.status`,
    'key.converter': 'StringConverter',
    'value.converter': 'StringConverter',
    'offset.storage.topic': `${name}.positions`,
    'offset.storage.partitions': '1',
    'offset.storage.replication.factor': '1',
    'offset.flush.interval.ms': '200',
    'offset.flush.timeout.ms': '1000',
  }
  return {
    module: new URL('../../src/cells/kafka-environment.ts', HERE).href,
    given: { mode: 'distributed', worker, modules: [fileURLToPath(new URL('sick-connectors.ts', HERE))] },
  }
}

export class CellWorld {
  readonly host: CellHost
  readonly logger: MemoryLogger = new MemoryLogger()
  readonly told: Told[] = []
  readonly #dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-cells-'))

  constructor(options: Pick<CellHostOptions, 'module' | 'given'> & Partial<CellHostOptions>) {
    this.host = new CellHost({
      isolation: 'connector',
      events: {
        connectorState: (what, state, trace) => this.told.push({ what, state, trace }),
        taskState: (id, state, trace) => this.told.push({ what: keyOf(id), state, trace }),
        reconfigurationRequested: () => undefined,
        topicUsed: () => undefined,
      },
      guard: { fence: () => Promise.resolve(), verify: () => Promise.resolve() },
      logger: this.logger,
      clock: systemClock,
      spareCells: 0,
      ...options,
      watch: {
        heartbeatIntervalMs: 200,
        stallWarnMs: 1000,
        stallMaxMs: 2500,
        memoryMaxBytes: 400_000_000,
        ...options.watch,
      },
      restarts: { restartDelayMs: 200, ...options.restarts },
    })
  }

  async close(): Promise<void> {
    await this.host.stop(2000)
    fs.rmSync(this.#dir, { recursive: true, force: true })
  }

  /** Starts the connector and its one task. */
  async start(name: string, config: RawSettings, targetState: TargetState = 'STARTED'): Promise<void> {
    const connectorConfig = this.config(name, config)
    await this.host.startConnector({ connector: name, config: connectorConfig, targetState })
    await this.startTask({ connector: name, task: 0 }, connectorConfig, targetState)
  }

  async startTask(id: TaskId, connectorConfig: RawSettings, targetState: TargetState = 'STARTED'): Promise<void> {
    await this.host.startTask({ id, config: {}, connectorConfig, targetState, tasks: 1, isExactlyOnce: false })
  }

  config(name: string, config: RawSettings): RawSettings {
    return { name, 'connector.class': 'sick-source', topic: `${name}.topic`, pulse: this.#pulse(name), ...config }
  }

  /** What was told of a connector (`a`) or a task (`a-0`), oldest first. */
  states(what: string): readonly WorkState[] {
    return this.told.filter((told) => told.what === what).map(({ state }) => state)
  }

  /** Why it failed last. */
  trace(what: string): string {
    return this.told.findLast((told) => told.what === what && told.trace !== null)?.trace ?? ''
  }

  async becomes(what: string, state: WorkState, timeoutMs = 20_000): Promise<void> {
    await eventually(`${what} is ${state}`, () => this.states(what).at(-1) === state, timeoutMs).catch(
      (error: unknown) => {
        throw new Error(`${what} was ${this.states(what).join(' ')}; ${this.trace(what)}`, { cause: error })
      },
    )
  }

  /** A connector that is well, and two ways to see that it goes on. */
  async healthy(name: string): Promise<Healthy> {
    await this.start(name, {})
    await this.becomes(`${name}-0`, 'RUNNING')
    const beats = (): readonly string[] => this.beats(name)
    await eventually(`${name} beats`, () => beats().length > 0)
    return {
      beats: () => beats().length,
      wasRestarted: () => new Set(beats()).size > 1 || this.states(`${name}-0`).some((state) => state !== 'RUNNING'),
    }
  }

  /** Signs of life of its task: each is the process that gave it. */
  beats(name: string): readonly string[] {
    return lines(this.#pulse(name))
  }

  #pulse(name: string): string {
    return path.join(this.#dir, `${name}.pulse`)
  }
}

export interface Healthy {
  beats(): number
  wasRestarted(): boolean
}

export function keyOf(id: TaskId): string {
  return `${id.connector}-${id.task}`
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A process that has ended and that nobody has waited for is still there, by number.
    return !/^\d+ \(.*\) Z/.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

function lines(file: string): readonly string[] {
  if (!fs.existsSync(file)) return []
  return fs.readFileSync(file, 'utf8').trimEnd().split('\n')
}
