/**
 * Processors as resources of the worker: what REST asks. What should run is in the catalogue, which every worker reads and writes; who
 * runs which task is decided by the group of each application, of which the instances on all workers are members.
 */
import { randomUUID } from 'node:crypto'
import {
  describeError,
  type Clock,
  type Logger,
  type RawSettings,
  type SettingsValidation,
  type TopicPartition,
} from '@sluice/sdk'
import type { Catalogue, CatalogueChange, WorkerSeen } from '../catalogue/catalogue.ts'
import {
  encodeValue,
  keyOf,
  type Deployment,
  type PausedKeysRecord,
  type ProcessorTarget,
} from '../catalogue/catalogue-records.ts'
import { HerderError } from '../herder/herder.ts'
import { Lanes } from '../herder/lanes.ts'
import type { PausedKey } from '../record-path/task-control.ts'
import type { DescribedProcessor, DescribedTopology } from './described.ts'
import type { LastLines, LoggedLine } from './last-lines.ts'
import { applicationOf, Inspector, takenMessage } from './inspector.ts'
import { checkPausable, checkStillPausable, withKey, withoutKey } from './paused-keys.ts'
import { completed } from './processor-settings.ts'
import type { ProcessorLag } from './processor-lag.ts'
import type { ProcessorShelf, ShelvedProcessor } from './processor-shelf.ts'
import { placedInstances, stateOf, type PlacedInstance, type ProcessorState } from './processor-status.ts'
import { SILENT_MS } from './status-teller.ts'

export interface ProcessorInfo {
  readonly name: string
  readonly config: RawSettings
  readonly target: ProcessorTarget
  readonly deployment: Deployment
}

export interface ProcessorStatus extends ProcessorInfo {
  readonly state: ProcessorState
  readonly pausedKeys: readonly PausedKey[]
  readonly instances: readonly PlacedInstance[]
}

export interface DeployedVersion extends Deployment {
  readonly isCurrent: boolean
  /** Workers on which instances of it run. */
  readonly runsOn: readonly string[]
}

export interface WorkerLine extends LoggedLine {
  readonly worker: string
}

export interface ProcessorServiceParts {
  readonly catalogue: Catalogue
  readonly shelf: ProcessorShelf
  readonly lines: LastLines
  readonly worker: string
  /** Asked in a cell, where the processor's code is. @throws what that ends with */
  readonly describe: (config: RawSettings) => Promise<DescribedProcessor>
  /** Whose group this is already, beside those of processors; null: nobody's. */
  readonly takenBy: (group: string) => Promise<string | null>
  /** The lines that another worker has. */
  readonly linesOf: (
    worker: WorkerSeen,
    name: string,
    count: number,
    authorization: string | null,
  ) => Promise<readonly WorkerLine[]>
  /** How far this application is behind in what its tasks read. Never rejects. */
  readonly lagOf: (application: string, assigned: readonly TopicPartition[]) => Promise<ProcessorLag>
  readonly clock: Clock
  readonly logger: Logger
}

/** So many are remembered, as long as one record can hold them: Kafka takes a megabyte. */
const DEPLOYMENTS_MAX = 20
const RECORD_BYTES_MAX = 900_000

export class ProcessorService {
  readonly #parts: ProcessorServiceParts
  readonly #inspector: Inspector
  readonly #lanes = new Lanes()
  /** By name, of this deployment. */
  readonly #topologies = new Map<string, { readonly deployment: Deployment; readonly topology: DescribedTopology }>()

  constructor(parts: ProcessorServiceParts) {
    this.#parts = parts
    this.#inspector = new Inspector(parts)
  }

  names(): readonly string[] {
    return this.#parts.catalogue.processors
  }

  plugins(): readonly ShelvedProcessor[] {
    return this.#parts.shelf.all
  }

  /** @throws HerderError 404 */
  info(name: string): ProcessorInfo {
    const { catalogue } = this.#parts
    const deployment = catalogue.processor(name)?.deployments.at(-1)
    if (deployment === undefined) throw new HerderError(404, `Processor ${name} not found`)
    return { name, config: deployment.config, target: catalogue.target(name), deployment }
  }

  status(name: string): ProcessorStatus {
    const info = this.info(name)
    const instances = this.#instances(name)
    const pausedKeys = this.#parts.catalogue.pausedKeys(name)
    return { ...info, state: stateOf(info.target, instances), pausedKeys, instances }
  }

  /** How far it is behind, by what Kafka says now. @throws HerderError 404 */
  async lag(name: string): Promise<ProcessorLag> {
    const { instances } = this.status(name)
    const assigned = instances.flatMap(({ tasks }) => tasks.flatMap(({ partitions }) => partitions))
    return this.#parts.lagOf(applicationOf(this.#parts.catalogue, name)!, assigned)
  }

  /** The newest first. */
  versions(name: string): readonly DeployedVersion[] {
    const { deployment: current } = this.info(name)
    const running = this.#instances(name).filter(({ state }) => state === 'RUNNING')
    return this.#parts.catalogue
      .processor(name)!
      .deployments.toReversed()
      .map((deployment) => ({
        ...deployment,
        isCurrent: deployment.number === current.number,
        runsOn: [...new Set(running.filter((one) => one.deployment === deployment.number).map(({ worker }) => worker))],
      }))
  }

  /** Everything that is wrong, at once. */
  async validate(name: string, config: RawSettings): Promise<SettingsValidation> {
    return (await this.#inspector.inspect(name, config)).validation
  }

  /**
   * Makes it or gives it another config, with which it starts anew; the same config and code change nothing.
   * @throws HerderError 400 with every complaint; 409 where it exists and must not be replaced, or where another one has got its name or its
   *   application meanwhile, also at another worker; 503 where Kafka does not answer
   */
  put(
    name: string,
    config: RawSettings,
    { mayReplace, target }: { readonly mayReplace: boolean; readonly target?: ProcessorTarget },
  ): Promise<{ readonly isCreated: boolean; readonly info: ProcessorInfo }> {
    return this.#lanes.run([name], async () => {
      const { catalogue, clock } = this.#parts
      if (!mayReplace) this.#refuseTaken(name)
      const { validation, version, application, written, topology } = await this.#inspector.inspect(name, config)
      if (validation.error_count > 0) throw invalid(validation)
      const id = randomUUID()
      let isCreated = false
      await this.#update(() => {
        const before = catalogue.processor(name)?.deployments ?? []
        const last = before.at(-1)
        // That it was written was not heard: it is asked again.
        if (last?.id === id) return []
        if (!mayReplace) this.#refuseTaken(name)
        this.#refuseFuture(name)
        const owner = application === null ? null : this.#inspector.ownerOf(application, name)
        if (owner !== null) throw new HerderError(409, takenMessage(completed(name, config), owner))
        isCreated = last === undefined
        const changes: CatalogueChange[] = []
        const paused = catalogue.pausedKeys(name)
        // As a pause that came too late for what was of its name.
        if (isCreated && paused.length > 0) changes.push({ key: keyOf('paused-keys', name), value: null })
        else if (topology !== null) checkStillPausable(paused, topology)
        if (written !== null && written !== catalogue.topology(name) && written.length <= RECORD_BYTES_MAX)
          changes.push({ key: keyOf('topology', name), value: { written } })
        if (last !== undefined && last.version === version && sameConfig(last.config, config)) return changes
        const deployment = { number: (last?.number ?? 0) + 1, id, application, version, config, at: clock.now() }
        const value = { deployments: remembered([...before, deployment]) }
        // A new one is not what one of its name was: a pause that came too late for that may have been left behind.
        const state = target ?? (isCreated ? 'RUNNING' : undefined)
        if (state !== undefined) changes.push({ key: keyOf('target-state', name), value: { state } })
        return [...changes, { key: keyOf('processor', name), value }]
      })
      return { isCreated, info: this.info(name) }
    })
  }

  setTarget(name: string, state: ProcessorTarget): Promise<void> {
    return this.#lanes.run([name], async () => {
      this.info(name)
      await this.#write([{ key: keyOf('target-state', name), value: { state } }])
    })
  }

  /**
   * Records with this key are held back on all workers, and all others go on.
   * @throws HerderError 400 where it cannot be paused, or there are too many
   */
  pauseKey(name: string, key: PausedKey): Promise<void> {
    return this.#lanes.run([name], async () => {
      checkPausable(name, key, await this.topology(name))
      await this.#updateKeys(name, (keys) => withKey(keys, key) ?? undefined)
    })
  }

  /** What was held back goes on, in its order. */
  resumeKey(name: string, key: PausedKey): Promise<void> {
    return this.#lanes.run([name], () => this.#updateKeys(name, (keys) => withoutKey(keys, key)))
  }

  /** All instances, on all workers. */
  restart(name: string): Promise<void> {
    return this.#lanes.run([name], async () => {
      this.info(name)
      await this.#write([{ key: keyOf('restart', name), value: { id: randomUUID() } }])
    })
  }

  /** Its topics, offsets and stores stay: made again under the same application.id it goes on. */
  delete(name: string): Promise<void> {
    return this.#lanes.run([name], async () => {
      let isDecided = false
      await this.#update(() => {
        if (!isDecided) this.info(name)
        isDecided = true
        return [
          { key: keyOf('processor', name), value: null },
          { key: keyOf('target-state', name), value: null },
          { key: keyOf('paused-keys', name), value: null },
          { key: keyOf('restart', name), value: null },
        ]
      })
      this.#topologies.delete(name)
    })
  }

  /** @throws HerderError 400 where its settings do not give one any more */
  async topology(name: string): Promise<DescribedTopology> {
    const { deployment } = this.info(name)
    const known = this.#topologies.get(name)
    if (known?.deployment === deployment) return known.topology
    const { validation, topology } = await this.#inspector.inspect(name, deployment.config)
    if (topology === null) throw invalid(validation)
    this.#topologies.set(name, { deployment, topology })
    return topology
  }

  /** The last lines of all its instances, the oldest first; and the workers that did not tell theirs. */
  async logs(
    name: string,
    count: number,
    { isLocal, authorization }: { readonly isLocal: boolean; readonly authorization: string | null },
  ): Promise<{ readonly lines: readonly WorkerLine[]; readonly silent: readonly string[] }> {
    this.info(name)
    const { lines, worker, linesOf, logger } = this.#parts
    const own = lines.of(name, count).map((line) => ({ ...line, worker }))
    const there = isLocal ? [] : this.#others(name)
    const silent: string[] = []
    const theirs = await Promise.all(
      there.map((other) =>
        linesOf(other, name, count, authorization).catch((error: unknown) => {
          logger.warn('Another worker does not tell its lines', { worker: other.worker, error: describeError(error) })
          silent.push(other.worker)
          return []
        }),
      ),
    )
    const all = [own, ...theirs].flat().toSorted((a, b) => a.at - b.at)
    return { lines: count === 0 ? [] : all.slice(-count), silent }
  }

  #write(changes: readonly CatalogueChange[]): Promise<void> {
    return written(this.#parts.catalogue.write(changes))
  }

  /** @param change undefined: they are right as they are */
  #updateKeys(
    name: string,
    change: (keys: readonly PausedKey[]) => PausedKeysRecord | null | undefined,
  ): Promise<void> {
    return this.#update(() => {
      this.info(name)
      const value = change(this.#parts.catalogue.pausedKeys(name))
      return value === undefined ? [] : [{ key: keyOf('paused-keys', name), value }]
    })
  }

  /** Of what workers must not decide at once. */
  #update(decide: () => readonly CatalogueChange[]): Promise<void> {
    return written(this.#parts.catalogue.update(decide))
  }

  #instances(name: string): readonly PlacedInstance[] {
    const there = new Set(this.#there().map(({ worker }) => worker))
    const { catalogue, worker } = this.#parts
    return placedInstances(catalogue.statuses(name), (one) => one === worker || there.has(one))
  }

  #there(): readonly WorkerSeen[] {
    const { catalogue, clock } = this.#parts
    const now = clock.monotonic()
    return catalogue.workers.filter(({ heardAt }) => now - heardAt <= SILENT_MS)
  }

  /** Other workers that have something of it. */
  #others(name: string): readonly WorkerSeen[] {
    const statuses = this.#parts.catalogue.statuses(name)
    return this.#there().filter(({ worker }) => worker !== this.#parts.worker && statuses.has(worker))
  }

  #refuseTaken(name: string): void {
    if (this.#parts.catalogue.processor(name) !== undefined)
      throw new HerderError(409, `Processor ${name} already exists`)
  }

  #refuseFuture(name: string): void {
    if (this.#parts.catalogue.isFromTheFuture(name))
      throw new HerderError(409, `Processor ${name} already exists, written by a newer release, and is not overwritten`)
  }
}

/** @throws HerderError 503 where Kafka does not take it: it may yet come; what was decided against it as it is */
async function written(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (cause) {
    if (cause instanceof HerderError) throw cause
    throw new HerderError(503, `The catalogue of processors cannot be written: ${describeError(cause)}`, { cause })
  }
}

/** The newest ones. @throws HerderError 400 where one alone is too large */
function remembered(deployments: readonly Deployment[]): readonly Deployment[] {
  const kept = deployments.slice(-DEPLOYMENTS_MAX)
  while (kept.length > 1 && encodeValue({ deployments: kept }).length > RECORD_BYTES_MAX) kept.shift()
  const { length } = encodeValue({ deployments: kept })
  if (length <= RECORD_BYTES_MAX) return kept
  throw new HerderError(400, `The settings have ${length} bytes, of which a processor may have ${RECORD_BYTES_MAX}`)
}

function invalid({ error_count, configs }: SettingsValidation): HerderError {
  const errors = configs.flatMap(({ value }) => value.errors)
  return new HerderError(
    400,
    `Processor configuration is invalid and contains the following ${error_count} error(s):` +
      errors.map((error) => `\n${error}`).join('') +
      '\nYou can also find the above list of errors at the endpoint `/v1/processors/{processor}/config/validate`',
  )
}

function sameConfig(a: RawSettings, b: RawSettings): boolean {
  const [left, right] = [a, b].map((config) =>
    JSON.stringify(Object.entries(config).toSorted(([x], [y]) => (x < y ? -1 : 1))),
  )
  return left === right
}
