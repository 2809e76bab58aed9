/**
 * Copies of the state of tasks that run elsewhere, kept up to date from their changelogs beside whatever runs here: a task that moves here
 * goes on from its copy.
 */
import fs from 'node:fs'
import path from 'node:path'
import type { Fetcher, Kafka } from '@sluice/kafka'
import { describeError, SluiceError, type Clock, type Logger } from '@sluice/sdk'
import type { HeldTask } from '../../assignment/subscription-info.ts'
import { nameOfTask, type TaskId } from '../../assignment/task-id.ts'
import { engineOf, isInFile, type StoreDefinition } from '../../state/definition.ts'
import { heldOnDisk } from '../../state/lmdb/state-directory.ts'
import type { StoreContext, TaskStore } from '../../state/store-context.ts'
import { changelogTopicOf, isChangelogComplete } from '../../topology/internal-topics.ts'
import type { Topology, TopologyStore } from '../../topology/topology.ts'
import { Handover } from '../restore/handover.ts'
import { keyOf } from '../partition-key.ts'
import { recordsOf, restore, type RestoringStore } from '../restore/restoration.ts'
import type { Snapshots } from '../snapshots/snapshots.ts'
import { diskOpener, TaskState } from '../restore/task-state.ts'

export interface StandbyTasksParts {
  readonly topology: Topology
  readonly applicationId: string
  readonly kafka: Kafka
  readonly isolation: 'read_committed' | 'read_uncommitted'
  readonly stateDirectory: string
  readonly snapshots: Snapshots | null
  readonly clock: Clock
  readonly logger: Logger
  /** Each time that all copies have come to the ends of their changelogs. */
  readonly onCaughtUp: () => void
}

/** Between two tries to open a state, such as one that is still being closed here. */
const RETRY_MS = 500
const POLL_TIMEOUT_MS = 1_000

interface CopiedStore {
  readonly definition: StoreDefinition
  readonly topic: string
  readonly store: TaskStore
}

interface Copy {
  readonly id: TaskId
  readonly ending: AbortController
  /** Null until it is open, and when it could not be opened. */
  state: TaskState | null
  stores: readonly CopiedStore[]
  /** It has come to where its changelogs ended, and goes on from there. */
  isFilled: boolean
  /** Never rejects. */
  filling: Promise<void>
}

export class StandbyTasks {
  readonly #parts: StandbyTasksParts
  /** By the task's name. */
  readonly #copies = new Map<string, Copy>()
  readonly #ending = new AbortController()
  #wake = new AbortController()
  #fetcher: Fetcher | null = null
  #following: Promise<void> | null = null

  constructor(parts: StandbyTasksParts) {
    this.#parts = parts
  }

  /** From now on copies of these tasks are kept. Those that are about to run here stay until they are released. */
  assign(standby: readonly TaskId[], active: readonly TaskId[]): void {
    const wanted = new Set(standby.map(nameOfTask))
    const coming = new Set(active.map(nameOfTask))
    for (const [name, copy] of this.#copies) {
      if (wanted.has(name) || coming.has(name)) continue
      this.#copies.delete(name)
      void end(copy)
    }
    for (const id of standby) {
      const name = nameOfTask(id)
      if (this.#copies.has(name) || this.#ending.signal.aborted || this.#storesOf(id).length === 0) continue
      const ending = new AbortController()
      const copy: Copy = { id, ending, state: null, stores: [], isFilled: false, filling: Promise.resolve() }
      this.#copies.set(name, copy)
      copy.filling = this.#fill(name, copy)
    }
    this.#follow()
  }

  /** Gives a copy up to the task that is to run here; null: there is none. */
  async release(task: string): Promise<Handover | null> {
    const copy = this.#copies.get(task)
    if (copy === undefined) return null
    this.#copies.delete(task)
    this.#follow()
    copy.ending.abort()
    await copy.filling
    const { state, stores } = copy
    if (state === null) return null
    const rows = stores.flatMap(({ definition, store }) => {
      const position = state.reached(definition)
      return isInFile(definition) || position === null
        ? []
        : [{ store: definition.name, position, image: store.image() }]
    })
    await state.close()
    return new Handover(rows)
  }

  /** What the group's leader is told: how much of which tasks is here, on disk without a task included. */
  held(): HeldTask[] {
    const held = new Map(heldOnDisk(this.#parts.stateDirectory).map((one) => [nameOfTask(one), one]))
    for (const [name, { id, state, stores }] of this.#copies) {
      if (state === null) continue
      const own = stores.map(({ definition }) => state.reached(definition) ?? 0)
      held.set(name, { ...id, offsetSum: own.reduce((sum, position) => sum + position, 0) })
    }
    return [...held.values()]
  }

  async close(): Promise<void> {
    this.#ending.abort()
    this.#wake.abort(null)
    const copies = [...this.#copies.values()]
    this.#copies.clear()
    await Promise.all(copies.map(end))
    await this.#following
    await this.#fetcher?.close()
  }

  async #fill(name: string, copy: Copy): Promise<void> {
    const { clock, logger, stateDirectory } = this.#parts
    const { signal } = copy.ending
    while (!signal.aborted) {
      try {
        await this.#open(name, copy)
        if (signal.aborted) return
        copy.isFilled = true
        this.#follow()
        if ([...this.#copies.values()].every(({ isFilled }) => isFilled)) this.#caughtUp()
        return
      } catch (error) {
        if (signal.aborted) return
        const { state } = copy
        copy.state = null
        await state?.close()
        logger.warn('A standby copy is begun again', { task: name, error: describeError(error) })
        if (error instanceof SluiceError && error.code === 'STATE_TORN')
          await fs.promises.rm(path.join(stateDirectory, name), { recursive: true, force: true })
        this.#parts.snapshots?.distrust(name)
        await clock.sleep(RETRY_MS, signal)
      }
    }
  }

  #caughtUp(): void {
    this.#parts.logger.info('Standby copies have caught up', { tasks: this.#copies.size })
    this.#parts.onCaughtUp()
  }

  async #open(name: string, copy: Copy): Promise<void> {
    const { applicationId: application, stateDirectory, snapshots, kafka, clock, logger, isolation } = this.#parts
    const { signal } = copy.ending
    const { partition } = copy.id
    const logged = this.#storesOf(copy.id)
    const beginning = logged.map(({ definition }) => {
      const topic = changelogTopicOf(application, definition.name)
      return { definition, changelog: { topic, partition }, until: null }
    })
    const brought = (await snapshots?.bringBack(name, beginning, signal)) ?? null
    const isOnDisk = logged.some(({ definition }) => engineOf(definition) === 'lmdb')
    const owner = { application, task: name }
    const openDisk = isOnDisk ? await diskOpener() : null
    if (signal.aborted) return
    const state = new TaskState({ directory: path.join(stateDirectory, name), ...owner }, openDisk, logger, true)
    copy.state = state
    const context = contextOf((store) => changelogTopicOf(application, store))
    copy.stores = beginning.map(({ definition, changelog: { topic } }) => {
      return { definition, topic, store: state.factory(definition, context) }
    })
    const restoring = copy.stores.map(({ definition, topic, store }): RestoringStore => {
      return {
        task: name,
        store: definition.name,
        topic,
        partition,
        apply: (records, next) => state.restore(store, records, next),
        bulk: (expected, share) => state.bulk(definition, expected, share),
        from: state.position(definition),
        until: null,
        isComplete: isChangelogComplete(definition),
      }
    })
    const begun = brought === null ? restoring : await brought.fillStores(state, restoring, signal)
    await restore(begun, { kafka, clock, logger, isolation }, signal)
  }

  /** Of tables that are filled from their source topic nobody keeps copies: how far they may go is known to who runs the task. */
  #storesOf({ subtopology }: TaskId): readonly TopologyStore[] {
    const stores = this.#parts.topology.subtopologies[subtopology]?.stores ?? []
    return stores.filter(
      ({ definition, sourceTopic, isGlobal }) =>
        isGlobal !== true && sourceTopic === undefined && definition.logging !== null,
    )
  }

  /** What is followed has changed. */
  #follow(): void {
    if (this.#ending.signal.aborted) return
    const places = [...this.#copies.values()].flatMap(({ id: { partition }, state, stores, isFilled }) =>
      isFilled
        ? stores.map(({ definition, topic }) => ({ topic, partition, offset: state!.reached(definition) ?? 0 }))
        : [],
    )
    if (places.length === 0 && this.#fetcher === null) return
    this.#fetcher ??= this.#parts.kafka.fetcher({ isolation: this.#parts.isolation, reset: 'earliest' })
    this.#fetcher.assign(places)
    this.#wake.abort(null)
    this.#following ??= this.#followAll(this.#fetcher)
  }

  /** Never rejects. */
  async #followAll(fetcher: Fetcher): Promise<void> {
    const { clock, logger } = this.#parts
    while (!this.#ending.signal.aborted) {
      try {
        const arrived = await fetcher.poll(POLL_TIMEOUT_MS, this.#wake.signal)
        if (this.#wake.signal.aborted) this.#wake = new AbortController()
        for (const fetched of arrived) {
          const copied = this.#copyOf(keyOf(fetched))
          if (copied === null) continue
          const { state, store } = copied
          state.restore(store, recordsOf(fetched, Infinity), fetched.nextOffset)
        }
      } catch (error) {
        logger.warn('Standby copies cannot be kept up to date', { error: describeError(error) })
        await clock.sleep(RETRY_MS, this.#ending.signal)
        this.#beginAgain()
      }
    }
  }

  /** What of a changelog is gone, or of a state cannot be written, is found when the copies are opened anew. */
  #beginAgain(): void {
    const ids = [...this.#copies.values()].map(({ id }) => id)
    for (const [name, copy] of this.#copies) {
      this.#copies.delete(name)
      void end(copy)
    }
    this.assign(ids, [])
  }

  #copyOf(changelog: string): { readonly state: TaskState; readonly store: TaskStore } | null {
    for (const { id, state, stores, isFilled } of this.#copies.values()) {
      if (!isFilled || state === null) continue
      const found = stores.find(({ topic }) => keyOf({ topic, partition: id.partition }) === changelog)
      if (found !== undefined) return { state, store: found.store }
    }
    return null
  }
}

async function end(copy: Copy): Promise<void> {
  copy.ending.abort()
  await copy.filling
  await copy.state?.close()
}

/** Nothing is processed in a copy: nobody asks for more than the name of its topic. */
function contextOf(changelogTopic: (store: string) => string): StoreContext {
  return {
    record: { topic: '', partition: 0, offset: -1, timestamp: -1, headers: null },
    changelogTopic,
    changelog: { append: () => undefined },
    onExpired: () => undefined,
    onFull: () => undefined,
  }
}
