/** What each instance has given to a savepoint, and when that is the whole application at one moment. */
import { valuesOf, type Kafka } from '@sluice/kafka'
import { listAll, type ObjectStore } from '@sluice/object-store'
import { SluiceError, type TopicPartition } from '@sluice/sdk'
import { tasksOfTopology } from '../../assignment/streams-assignor.ts'
import { nameOfTask, type TaskId } from '../../assignment/task-id.ts'
import { sha256Of } from '../../state/snapshots/frames.ts'
import { snapshotUnusable } from '../../state/snapshots/snapshot-errors.ts'
import type { SourcePosition } from '../../state/snapshots/snapshot-manifest.ts'
import { keyOf } from '../partition-key.ts'
import type { PreparedTopics } from '../topics/topics.ts'

/** A task as of one commit. */
export interface SavedTask {
  readonly task: string
  readonly hasState: boolean
  readonly sources: readonly SourcePosition[]
}

/** What all of them are, once that is one moment of the application. Written once. */
export const AGREED = 'agreed.json'
/** What each instance could give, and what it has written of it. */
const [PARTS, WRITTEN] = ['parts/', 'written/']

/** Replaces what the instance has given before. */
export function putPart(store: ObjectStore, instance: string, tasks: readonly SavedTask[]): Promise<void> {
  return store.put(`${PARTS}${encodeURIComponent(instance)}.json`, encoded(tasks))
}

/** Null: there is none yet. */
export async function agreedIn(store: ObjectStore): Promise<readonly SavedTask[] | null> {
  if ((await store.head(AGREED)) === undefined) return null
  return decoded(await store.get(AGREED)) as readonly SavedTask[]
}

/** Returns what counts: somebody may have been faster. */
export async function agree(store: ObjectStore, tasks: readonly SavedTask[]): Promise<readonly SavedTask[]> {
  if ((await store.putIfAbsent(AGREED, encoded(tasks))) === 'created') return tasks
  return decoded(await store.get(AGREED)) as readonly SavedTask[]
}

/** `snapshots`: by task, its number. */
export function putWritten(
  store: ObjectStore,
  instance: string,
  snapshots: Readonly<Record<string, number>>,
): Promise<void> {
  return store.put(`${WRITTEN}${encodeURIComponent(instance)}.json`, encoded(snapshots))
}

export async function writtenIn(store: ObjectStore): Promise<Readonly<Record<string, number>>> {
  return Object.assign({}, ...((await allIn(store, WRITTEN)) as Record<string, number>[])) as Record<string, number>
}

async function allIn(store: ObjectStore, folder: string): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const { path } of listAll(store, folder)) found.push(decoded(await store.get(path)))
  return found
}

function encoded(value: unknown): Buffer {
  const text = JSON.stringify(value)
  return Buffer.from(JSON.stringify([sha256Of(text), text]))
}

/** @throws SluiceError SNAPSHOT_UNUSABLE */
function decoded(bytes: Uint8Array): unknown {
  const [sha256, text] = JSON.parse(Buffer.from(bytes).toString()) as [string, string]
  if (sha256Of(text) !== sha256) throw snapshotUnusable('corrupted', 'a part of a savepoint does not have its checksum')
  return JSON.parse(text) as unknown
}

interface Whole {
  /** One for each task; null: some are missing, or something is still between them. */
  readonly tasks: readonly SavedTask[] | null
  /** Those that nobody has given as they are committed. */
  readonly missing: readonly TaskId[]
}

/**
 * All tasks, each exactly as the group has it committed, with nothing in the application's own topics that they have not processed. What is
 * committed is read in one answer: at that moment the application was nothing else than these.
 */
export async function wholeOf(
  store: ObjectStore,
  application: string,
  prepared: PreparedTopics,
  { admin }: Pick<Kafka, 'admin'>,
): Promise<Whole> {
  const parts = ((await allIn(store, PARTS)) as (readonly SavedTask[])[]).flat()
  const [group] = valuesOf(await admin.groups.offsets([application]))
  const committed = new Map((group ?? []).map((one) => [keyOf(one), one]))
  const isAsCommitted = ({ topic, partition, offset, metadata }: SourcePosition): boolean => {
    const at = committed.get(keyOf({ topic, partition }))
    return at === undefined ? metadata === '' : at.offset === offset && at.metadata === metadata
  }
  const tasks = new Map<string, SavedTask>()
  for (const part of parts) if (part.sources.every(isAsCommitted)) tasks.set(part.task, part)
  const missing = tasksOfTopology(prepared.topology, prepared.sources).filter((task) => !tasks.has(nameOfTask(task)))
  if (missing.length > 0) return { tasks: null, missing }
  const all = [...tasks.values()]
  return { tasks: (await areDrained(all, prepared, { admin })) ? all : null, missing }
}

/** Whether nothing is left for them in the application's own topics. */
export async function areDrained(
  tasks: readonly Pick<SavedTask, 'sources'>[],
  { topology }: PreparedTopics,
  { admin }: Pick<Kafka, 'admin'>,
): Promise<boolean> {
  const own = tasks.flatMap(({ sources }) => sources.filter(({ topic }) => topology.repartitions.has(topic)))
  const places = own.map(({ topic, partition }) => ({ topic, partition }))
  const ends = new Map((await admin.listOffsets(places, 'latest')).map((one) => [keyOf(one), one.offset]))
  return own.every((one) => one.offset >= (ends.get(keyOf(one)) ?? 0))
}

/** `0_1 (orders-1), …` */
export function placesOf(tasks: readonly TaskId[], { topology, sources }: PreparedTopics): string {
  const partitionsOf = ({ subtopology, partition }: TaskId): TopicPartition[] =>
    topology.subtopologies[subtopology]!.sourceTopics.filter((topic) => partition < (sources.get(topic) ?? 0)).map(
      (topic) => ({ topic, partition }),
    )
  return tasks.map((task) => `${nameOfTask(task)} (${partitionsOf(task).map(keyOf).join(', ')})`).join(', ')
}

/** A thread that goes back to what is committed just now can be asked again. */
export function isForNow(error: unknown): boolean {
  return error instanceof SluiceError && error.code === 'INTERRUPTED' && error.retriable
}
