/** All tasks of an application at one commit, when nothing is between them: those of one instance, or of several that are asked for it. */
import fs from 'node:fs/promises'
import path from 'node:path'
import type { Kafka } from '@sluice/kafka'
import type { ObjectStore } from '@sluice/object-store'
import { describeError, type Clock, type Logger, type SluiceError } from '@sluice/sdk'
import type { TaskId } from '../../assignment/task-id.ts'
import { encodeSavepoint, SAVEPOINT, savepointRefused } from '../../state/snapshots/savepoint-manifest.ts'
import { SnapshotCatalogue } from '../../state/snapshots/snapshot-catalogue.ts'
import { SNAPSHOT_FORMAT } from '../../state/snapshots/snapshot-manifest.ts'
import { writeSnapshot } from '../../state/snapshots/write-snapshot.ts'
import type { Pauses } from '../thread/pauses.ts'
import type { TaskCut } from './snapshots.ts'
import type { PreparedTopics } from '../topics/topics.ts'
import {
  agree,
  AGREED,
  agreedIn,
  areDrained,
  isForNow,
  placesOf,
  putPart,
  putWritten,
  wholeOf,
  writtenIn,
  type SavedTask,
} from './savepoint-parts.ts'

/** A thread that can be made to stand still: `work` is done when all that it has processed is committed. */
export interface StillThread {
  standingStill(work: () => Promise<void>): Promise<void>
  cut(): readonly TaskCut[]
}

export interface TakeSavepointParts {
  readonly application: string
  /** Of this instance. */
  readonly instance: string
  readonly prepared: PreparedTopics
  /** Those that run now. */
  readonly threads: () => readonly StillThread[]
  readonly pauses: Pauses
  readonly kafka: Pick<Kafka, 'admin'>
  readonly stateDirectory: string
  readonly store: ObjectStore
  readonly clock: Clock
  readonly logger: Logger
  /** How long it may take until all instances have given their tasks, and nothing is left in the application's own topics. */
  readonly timeoutMs: number
}

/** Between two looks at what is there; less where this instance has all. */
const LOOK_MS = 100
const LOOK_AT_ONE_MS = 20

/**
 * Each instance with tasks is asked by itself, with the same store. It gives what its tasks are once nothing is left for them, and once more
 * when they have moved since. Whoever finds all of them there as the group has them committed, says that this is it; then all go on, and each
 * writes what it has copied. Whoever finds all of that there writes the manifest. What is committed meanwhile by an instance that nobody
 * has asked is found out by it, too.
 * Returns the tasks with state. @throws SluiceError SAVEPOINT_REFUSED, STORE_UNAVAILABLE, STATE_DISK_FULL
 */
export async function takeSavepoint(parts: TakeSavepointParts): Promise<readonly string[]> {
  const { prepared, pauses, store, clock, logger, stateDirectory } = parts
  for (const object of [SAVEPOINT, AGREED])
    if ((await store.head(object)) !== undefined)
      throw savepointRefused(`There is a savepoint at ${store.url} already`, 'Give the savepoint a place of its own.')
  const startedAt = clock.monotonic()
  // What is in the application's own topics is processed first, so that the tasks hold all there is.
  const external = [...prepared.sources.keys()].filter((topic) => !prepared.topology.repartitions.has(topic))
  const paused = external.map((topic) => ({ topic })).filter((target) => !pauses.has(target))
  for (const target of paused) pauses.add(target)
  const copied = new Set<string>()
  try {
    const { agreed, cuts } = await agreeOn(parts, copied).finally(() => {
      for (const target of paused) pauses.remove(target)
    })
    const tasks = await complete(agreed, cuts, parts)
    const ms = Math.round(clock.monotonic() - startedAt)
    logger.info('Savepoint taken', { url: store.url, tasks: tasks.length, ms })
    return tasks
  } finally {
    await Promise.all(Array.from(copied, (task) => fs.rm(copyOf(stateDirectory, task), { force: true })))
  }
}

/** All tasks at one moment, and those of this instance as they were then. */
interface Agreement {
  readonly agreed: readonly SavedTask[]
  readonly cuts: readonly TaskCut[]
}

async function agreeOn(parts: TakeSavepointParts, copied: Set<string>): Promise<Agreement> {
  const { application, prepared, kafka, store, clock, timeoutMs } = parts
  const deadline = clock.monotonic() + timeoutMs
  let cuts: readonly TaskCut[] = []
  for (;;) {
    const moved = await cutAll(parts, standOf(cuts), copied)
    if (moved !== null) {
      cuts = moved
      await putPart(store, parts.instance, cuts.map(savedOf))
    }
    const agreed = await agreedIn(store)
    if (agreed !== null) return { agreed, cuts }
    const { tasks, missing } = await wholeOf(store, application, prepared, kafka)
    if (tasks !== null) return { agreed: await agree(store, tasks), cuts }
    if (clock.monotonic() > deadline) throw notAgreed(missing, parts)
    await clock.sleep(missing.length > 0 ? LOOK_MS : LOOK_AT_ONE_MS)
  }
}

/** Writes what is agreed on of this instance, and the manifest when all have done so. */
async function complete(
  agreed: readonly SavedTask[],
  cuts: readonly TaskCut[],
  parts: TakeSavepointParts,
): Promise<readonly string[]> {
  const { application, prepared, kafka, store, clock, timeoutMs } = parts
  const { clusterId: cluster } = await kafka.admin.describeCluster()
  const wanted = new Map(agreed.map((one) => [one.task, JSON.stringify(one.sources)]))
  const own = cuts.filter(({ task, sources }) => wanted.get(task) === JSON.stringify(sources))
  await putWritten(store, parts.instance, await writeAll(own, cluster, parts))
  const tasks = agreed.filter(({ hasState }) => hasState).map(({ task }) => task)
  const sources = agreed.flatMap((one) => one.sources.filter(({ topic }) => !prepared.topology.repartitions.has(topic)))
  for (const deadline = clock.monotonic() + timeoutMs; ; await clock.sleep(LOOK_MS)) {
    const snapshots = await writtenIn(store)
    const missing = tasks.filter((task) => snapshots[task] === undefined)
    if (missing.length === 0) {
      const [format, takenAtMs] = [SNAPSHOT_FORMAT, clock.now()]
      // Whoever was faster has written the same.
      await store.putIfAbsent(
        SAVEPOINT,
        encodeSavepoint({ format, application, cluster, takenAtMs, tasks, snapshots, sources }),
      )
      return tasks
    }
    if (clock.monotonic() > deadline) throw notWritten(missing, parts)
  }
}

/** The tasks of this instance; null: something is left for them, or they stand as they did. */
async function cutAll(
  parts: TakeSavepointParts,
  stood: string,
  copied: Set<string>,
): Promise<readonly TaskCut[] | null> {
  const { prepared, kafka, logger, stateDirectory } = parts
  const threads = parts.threads()
  let cuts: readonly TaskCut[] | null = null
  try {
    await allStanding(threads, async () => {
      const all = threads.flatMap((thread) => thread.cut())
      if (standOf(all) === stood || !(await areDrained(all, prepared, kafka))) return
      // Before anything is processed again: the copies are to be of this commit.
      for (const { task, state } of all) {
        if (state.copyTo === null) continue
        await fs.rm(copyOf(stateDirectory, task), { force: true })
        copied.add(task)
        await state.copyTo(copyOf(stateDirectory, task))
      }
      cuts = all
    })
  } catch (error) {
    if (!isForNow(error)) throw error
    logger.debug('Tasks could not be given to the savepoint yet', { error: describeError(error) })
  }
  return cuts
}

/** Returns the numbers of their snapshots. */
async function writeAll(
  cuts: readonly TaskCut[],
  cluster: string,
  { application, stateDirectory, store, clock }: TakeSavepointParts,
): Promise<Readonly<Record<string, number>>> {
  const numbers: Record<string, number> = {}
  const takenAtMs = clock.now()
  for (const { task, state, sources, changelogOf } of cuts) {
    if (state.stores.length === 0) continue
    const copied = copyOf(stateDirectory, task)
    const moved = { ...state, copyTo: state.copyTo === null ? null : (file: string) => fs.rename(copied, file) }
    const facts = { application, task, cluster, takenAtMs, sources, changelogOf }
    const catalogue = new SnapshotCatalogue(store, application, task)
    const written = await writeSnapshot(moved, facts, catalogue, `${copied}.moved`, new AbortController().signal)
    // Somebody else may have written it who had the task at the same commit.
    if (written !== null) numbers[task] = written.number
  }
  return numbers
}

/** Does the work while all threads stand still. */
async function allStanding(threads: readonly StillThread[], work: () => Promise<void>): Promise<void> {
  const released = Promise.withResolvers<void>()
  const standing: Promise<void>[] = []
  const still = threads.map((thread) => {
    const stands = Promise.withResolvers<void>()
    standing.push(stands.promise)
    return thread
      .standingStill(() => {
        stands.resolve()
        return released.promise
      })
      .catch((error: unknown) => {
        stands.reject(error)
        throw error
      })
  })
  try {
    await Promise.all(standing)
    await work()
  } finally {
    released.resolve()
    await Promise.allSettled(still)
  }
}

function standOf(cuts: readonly TaskCut[]): string {
  return JSON.stringify(cuts.map(({ task, sources }) => [task, sources]))
}

function savedOf({ task, state, sources }: TaskCut): SavedTask {
  return { task, hasState: state.stores.length > 0, sources }
}

function notAgreed(missing: readonly TaskId[], { prepared, timeoutMs }: TakeSavepointParts): SluiceError {
  if (missing.length === 0)
    return savepointRefused(
      `There is still something in the application's own topics after ${timeoutMs} ms`,
      'Resume what is paused, wait until the application has caught up, or give it more time.',
    )
  return savepointRefused(
    `Tasks run elsewhere, or nowhere now, and nobody has given them within ${timeoutMs} ms: ${placesOf(missing, prepared)}`,
    'Ask all instances for the savepoint, at the same place and time, or stop the others; resume what is paused.',
    { tasks: missing.length },
  )
}

function notWritten(missing: readonly string[], { timeoutMs }: TakeSavepointParts): SluiceError {
  return savepointRefused(
    `All tasks were there, and these have not been written within ${timeoutMs} ms: ${missing.join(', ')}`,
    'See in the logs of the other instances why; take another one at a place of its own.',
    { tasks: missing.length },
  )
}

function copyOf(stateDirectory: string, task: string): string {
  return path.join(stateDirectory, task, 'savepoint.mdb')
}
