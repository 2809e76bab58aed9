/** All tasks of an application at one commit, when nothing is between them. */
import fs from 'node:fs/promises'
import path from 'node:path'
import type { Kafka } from '@sluice/kafka'
import type { ObjectStore } from '@sluice/object-store'
import type { Clock, Logger, TopicPartition } from '@sluice/sdk'
import { tasksOfTopology } from '../../assignment/streams-assignor.ts'
import { nameOfTask, type TaskId } from '../../assignment/task-id.ts'
import { encodeSavepoint, SAVEPOINT, savepointRefused } from '../../state/snapshots/savepoint-manifest.ts'
import { SnapshotCatalogue } from '../../state/snapshots/snapshot-catalogue.ts'
import { SNAPSHOT_FORMAT, type SourcePosition } from '../../state/snapshots/snapshot-manifest.ts'
import { writeSnapshot } from '../../state/snapshots/write-snapshot.ts'
import { keyOf } from '../partition-key.ts'
import type { Pauses } from '../thread/pauses.ts'
import type { TaskCut } from './snapshots.ts'
import type { PreparedTopics } from '../topics/topics.ts'

/** A thread that can be made to stand still: `work` is done when all that it has processed is committed. */
export interface StillThread {
  standingStill(work: () => Promise<void>): Promise<void>
  cut(): readonly TaskCut[]
}

export interface TakeSavepointParts {
  readonly application: string
  readonly prepared: PreparedTopics
  readonly threads: readonly StillThread[]
  readonly pauses: Pauses
  readonly kafka: Pick<Kafka, 'admin'>
  readonly stateDirectory: string
  readonly store: ObjectStore
  readonly clock: Clock
  readonly logger: Logger
  /** How long it may take until nothing is left in the application's own topics. */
  readonly timeoutMs: number
}

/** Between two looks whether the application's own topics are empty. */
const LOOK_MS = 20

/** Returns its tasks. @throws SluiceError SAVEPOINT_REFUSED, STORE_UNAVAILABLE, STATE_DISK_FULL */
export async function takeSavepoint(parts: TakeSavepointParts): Promise<readonly string[]> {
  const { application, prepared, pauses, kafka, stateDirectory, store, clock, logger } = parts
  if ((await store.head(SAVEPOINT)) !== undefined)
    throw savepointRefused(`There is a savepoint at ${store.url} already`, 'Give the savepoint a place of its own.')
  const startedAt = clock.monotonic()
  const { clusterId: cluster } = await kafka.admin.describeCluster()
  // What is in the application's own topics is processed first, so that the tasks hold all there is.
  const external = [...prepared.sources.keys()].filter((topic) => !isInternal(prepared, topic))
  const paused = external.map((topic) => ({ topic })).filter((target) => !pauses.has(target))
  for (const target of paused) pauses.add(target)
  let cuts: readonly TaskCut[]
  try {
    cuts = await cutAll(parts)
  } finally {
    for (const target of paused) pauses.remove(target)
  }
  const takenAtMs = clock.now()
  try {
    for (const { task, state, sources, changelogOf } of cuts) {
      if (state.stores.length === 0) continue
      const facts = { application, task, cluster, takenAtMs, sources, changelogOf }
      const copied = copyOf(stateDirectory, task)
      const moved = { ...state, copyTo: state.copyTo === null ? null : (file: string) => fs.rename(copied, file) }
      const catalogue = new SnapshotCatalogue(store, application, task)
      await writeSnapshot(moved, facts, catalogue, `${copied}.moved`, new AbortController().signal)
    }
  } finally {
    await Promise.all(cuts.map(({ task }) => fs.rm(copyOf(stateDirectory, task), { force: true })))
  }
  const tasks = cuts.filter(({ state }) => state.stores.length > 0).map(({ task }) => task)
  const sources = cuts.flatMap((cut): SourcePosition[] =>
    cut.sources.filter(({ topic }) => !isInternal(prepared, topic)),
  )
  const manifest = encodeSavepoint({ format: SNAPSHOT_FORMAT, application, cluster, takenAtMs, tasks, sources })
  if ((await store.putIfAbsent(SAVEPOINT, manifest)) === 'exists')
    throw savepointRefused(`Another savepoint was taken at ${store.url} meanwhile`, 'Give each a place of its own.')
  const ms = Math.round(clock.monotonic() - startedAt)
  logger.info('Savepoint taken', { url: store.url, tasks: tasks.length, ms })
  return tasks
}

async function cutAll(parts: TakeSavepointParts): Promise<readonly TaskCut[]> {
  const { threads, clock, timeoutMs } = parts
  const deadline = clock.monotonic() + timeoutMs
  for (;;) {
    let cuts: readonly TaskCut[] | null = null
    await allStanding(threads, async () => {
      const all = threads.flatMap((thread) => thread.cut())
      refuseMissing(all, parts)
      if (!(await isDrained(all, parts))) return
      // Before anything is processed again: the copies are to be of this commit.
      for (const { task, state } of all) await state.copyTo?.(copyOf(parts.stateDirectory, task))
      cuts = all
    })
    if (cuts !== null) return cuts
    if (clock.monotonic() > deadline)
      throw savepointRefused(
        `There is still something in the application's own topics after ${timeoutMs} ms`,
        'Resume what is paused, wait until the application has caught up, or give it more time.',
      )
    await clock.sleep(LOOK_MS)
  }
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

function refuseMissing(cuts: readonly TaskCut[], { prepared }: TakeSavepointParts): void {
  const here = new Set(cuts.map(({ task }) => task))
  const missing = tasksOfTopology(prepared.topology, prepared.sources).filter((task) => !here.has(nameOfTask(task)))
  if (missing.length === 0) return
  const which = missing.map((task) => `${nameOfTask(task)} (${partitionsOf(task, prepared).map(keyOf).join(', ')})`)
  throw savepointRefused(
    `Tasks run elsewhere, or nowhere now: ${which.join(', ')}`,
    'Stop the other instances, wait until this one is RUNNING with all tasks, and try again.',
    { tasks: missing.length },
  )
}

function partitionsOf({ subtopology, partition }: TaskId, { topology, sources }: PreparedTopics): TopicPartition[] {
  const topics = topology.subtopologies[subtopology]!.sourceTopics
  return topics.filter((topic) => partition < (sources.get(topic) ?? 0)).map((topic) => ({ topic, partition }))
}

async function isDrained(cuts: readonly TaskCut[], { prepared, kafka }: TakeSavepointParts): Promise<boolean> {
  const own = cuts.flatMap(({ sources }) => sources.filter(({ topic }) => isInternal(prepared, topic)))
  const places = own.map(({ topic, partition }) => ({ topic, partition }))
  const ends = new Map((await kafka.admin.listOffsets(places, 'latest')).map((one) => [keyOf(one), one.offset]))
  return own.every((one) => one.offset >= (ends.get(keyOf(one)) ?? 0))
}

function isInternal({ topology }: PreparedTopics, topic: string): boolean {
  return [...topology.repartitions.values()].some(({ name }) => name === topic)
}

function copyOf(stateDirectory: string, task: string): string {
  return path.join(stateDirectory, task, 'savepoint.mdb')
}
