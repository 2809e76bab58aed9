/** A new application with the state and the positions of a savepoint. */
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { valuesOf, type Kafka, type ProducerRecord } from '@sluice/kafka'
import type { ObjectStore } from '@sluice/object-store'
import { SluiceError, type Logger } from '@sluice/sdk'
import { isInFile } from '../../state/definition.ts'
import { adoptState } from '../../state/lmdb/state-directory.ts'
import { shapeOf } from '../../state/shape.ts'
import { readFile, readRows, type FoundSnapshot } from '../../state/snapshots/read-snapshot.ts'
import { readSavepoint, savepointRefused } from '../../state/snapshots/savepoint-manifest.ts'
import { SnapshotCatalogue } from '../../state/snapshots/snapshot-catalogue.ts'
import type { StoreContext, StoreRow } from '../../state/store-context.ts'
import { changelogTopicOf } from '../../topology/internal-topics.ts'
import type { Topology } from '../../topology/topology.ts'
import { keyOf } from '../partition-key.ts'
import type { PreparedTopics } from '../topics/topics.ts'
import { diskOpener } from '../restore/task-state.ts'

export interface BeginFromSavepointParts {
  readonly application: string
  readonly prepared: PreparedTopics
  readonly kafka: Kafka
  readonly store: ObjectStore
  readonly logger: Logger
}

const ROWS_AT_ONCE = 5_000
const never = new AbortController().signal

/**
 * Writes the rows of all stores to the changelogs of an application that has not begun yet, and then commits where its sources stood: its
 * first start goes on from there. @throws SluiceError SAVEPOINT_REFUSED: nothing was committed; SNAPSHOT_UNUSABLE
 */
export async function beginFromSavepoint(parts: BeginFromSavepointParts): Promise<void> {
  const { application, prepared, kafka, store, logger } = parts
  const savepoint = await readSavepoint(store)
  const tasks: { readonly found: FoundSnapshot; readonly catalogue: SnapshotCatalogue }[] = []
  for (const task of savepoint.tasks) {
    const catalogue = new SnapshotCatalogue(store, savepoint.application, task)
    const number = savepoint.snapshots[task]
    if (number === undefined)
      throw savepointRefused(`The savepoint has no snapshot of task ${task}`, 'Use another savepoint.')
    const found = { number, manifest: await catalogue.read(number) }
    checkStores(found, prepared.topology)
    tasks.push({ found, catalogue })
  }
  const lost = savepoint.sources.filter(({ topic, partition }) => partition >= (prepared.sources.get(topic) ?? 0))
  if (lost.length > 0)
    throw savepointRefused(
      `The application does not read ${lost.map(keyOf).join(', ')}, which the savepoint has positions of`,
      'Begin with the topology, and the partitions, that the savepoint was taken of.',
    )
  await refuseBegun(parts)
  const producer = kafka.producer({ batchBytesMax: 262_144 })
  let rows = 0
  try {
    for (const { found, catalogue } of tasks) {
      for await (const some of rowsOf(found, catalogue, prepared.topology)) {
        const partition = Number(found.manifest.task.split('_')[1])
        const topic = changelogTopicOf(application, some.store)
        await producer.produce(some.rows.map((row): ProducerRecord => ({ ...row, topic, partition, headers: null })))
        rows += some.rows.length
      }
    }
  } finally {
    await producer.close()
  }
  valuesOf(await kafka.admin.groups.alterOffsets(application, savepoint.sources))
  logger.info('The application begins from a savepoint', { url: store.url, tasks: tasks.length, rows })
}

function checkStores({ manifest }: FoundSnapshot, { stores }: Topology): void {
  for (const [name, { shape }] of Object.entries(manifest.stores)) {
    const now = stores.get(name)
    if (now !== undefined && shapeOf(now.definition) === shape) continue
    const what = now === undefined ? 'is none of the topology' : `is ${shapeOf(now.definition)} now`
    throw savepointRefused(
      `Store ${name}, which the savepoint has as ${shape}, ${what}`,
      'Begin with the topology that the savepoint was taken of.',
      { store: name },
    )
  }
}

/** What has begun has positions, or rows that would be mixed with those of the savepoint. */
async function refuseBegun({ application, prepared, kafka }: BeginFromSavepointParts): Promise<void> {
  const remedy = 'Give the application another application.id, or delete its group and its internal topics.'
  const [group] = await kafka.admin.groups.offsets([application])
  if ((group?.value ?? []).length > 0)
    throw savepointRefused(`Application ${application} has begun already: offsets are committed`, remedy)
  const changelogs = [...prepared.topology.stores.values()]
    .filter(
      ({ definition, sourceTopic, isGlobal }) =>
        sourceTopic === undefined && isGlobal !== true && definition.logging !== null,
    )
    .map(({ definition: { name } }) => changelogTopicOf(application, name))
  const own = [...changelogs, ...Array.from(prepared.topology.repartitions.values(), ({ name }) => name)]
  const topics = await kafka.admin.describeTopics(own)
  const places = topics.flatMap(({ topic, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
  )
  const filled = (await kafka.admin.listOffsets(places, 'latest')).find(({ offset }) => offset > 0)
  if (filled !== undefined)
    throw savepointRefused(`Application ${application} has begun already: there are records in ${filled.topic}`, remedy)
}

/** The rows of the stores that have a changelog of their own. */
async function* rowsOf(
  found: FoundSnapshot,
  catalogue: SnapshotCatalogue,
  topology: Topology,
): AsyncGenerator<{ readonly store: string; readonly rows: readonly StoreRow[] }, void> {
  const own = Object.keys(found.manifest.stores)
    .map((name) => topology.stores.get(name)!)
    .filter(({ definition, sourceTopic }) => sourceTopic === undefined && definition.logging !== null)
  for (const { definition } of own) {
    if (found.manifest.stores[definition.name]!.rows === null) continue
    for await (const rows of readRows(found, definition.name, catalogue, never)) yield { store: definition.name, rows }
  }
  const filed = own.filter(({ definition }) => isInFile(definition))
  if (filed.length === 0 || found.manifest.file === null) return
  const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'sluice-savepoint-'))
  try {
    const { application, task, stores } = found.manifest
    const shapes = Object.fromEntries(Object.entries(stores).map(([name, { shape }]) => [name, shape]))
    await adoptState(directory, { application, task }, shapes, (file) => readFile(found, catalogue, file, never))
    const open = await diskOpener()
    const state = open({ directory, application, task })
    try {
      for (const { definition } of filed) {
        const { rows } = state.store(definition, contextOf(application)).image()
        let some: StoreRow[] = []
        for (const row of rows) {
          some.push(row)
          if (some.length < ROWS_AT_ONCE) continue
          yield { store: definition.name, rows: some }
          some = []
        }
        yield { store: definition.name, rows: some }
      }
    } finally {
      await state.close()
    }
  } catch (error) {
    if (error instanceof SluiceError) throw error
    throw new SluiceError('SNAPSHOT_UNUSABLE', `The state of task ${found.manifest.task} cannot be read`, {
      cause: error,
    })
  } finally {
    await fs.rm(directory, { recursive: true, force: true })
  }
}

function contextOf(application: string): StoreContext {
  return {
    record: { topic: '', partition: 0, offset: -1, timestamp: -1, headers: null },
    changelogTopic: (store) => changelogTopicOf(application, store),
    changelog: { append: () => undefined },
    onExpired: () => undefined,
    onFull: () => undefined,
  }
}
