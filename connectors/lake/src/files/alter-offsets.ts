/**
 * Offsets that an operator sets or forgets (REST: PATCH and DELETE …/offsets). With `exactly.once` the commits beside the files say how
 * far a sink got, so one more of them, without files, is put there; without it Kafka's offsets are all there are.
 */
import { randomUUID } from 'node:crypto'
import { DataError, SluiceError, systemClock, systemRandom } from '@sluice/sdk'
import type { RawSettings, TopicPartition } from '@sluice/sdk'
import type { ObjectStore } from '@sluice/object-store'
import type { WantedOffsets } from '../alter-offsets.ts'
import { belowZero, topicsOf } from '../alter-offsets.ts'
import { fewAtATime } from '../few-at-a-time.ts'
import { patience } from '../patience.ts'
import { CommitLog, commitFolder } from './commit-log.ts'
import type { FilesSettings } from './settings.ts'
import { storesOf } from './stores.ts'

/**
 * A few partitions at a time; what was done stays done when one fails. Files stay: what is read again is written again.
 * @param wanted empty, when all is to be forgotten and Kafka knows of nothing: then all partitions of `topics` that have commits are
 */
export async function alterFileOffsets(
  settings: FilesSettings,
  wanted: WantedOffsets,
  raw: RawSettings,
): Promise<boolean> {
  for (const offset of wanted.values()) if (offset !== null && offset < 0) throw belowZero(offset)
  if (!settings['exactly.once']) return true
  const stores = storesOf(settings, { clock: systemClock, random: systemRandom })
  const dir = settings['topics.dir']
  for (const topic of topicsOf(wanted, raw)) {
    const store = storeOf(topic, stores)
    // Its records go to no file, so there Kafka's offset decides, which the worker sets.
    if (store === undefined) continue
    const those: readonly (readonly [TopicPartition, number | null])[] =
      wanted.size > 0 ? [...wanted].filter(([at]) => at.topic === topic) : await all(store, dir, topic, patience())
    await fewAtATime(those, async ([partition, offset]) => {
      const signal = patience()
      const log = await CommitLog.open(store, commitFolder(dir, partition), signal)
      const author = { connector: raw['name'] ?? '', now: systemClock.now(), id: randomUUID() }
      // Where there is no commit, it decides too.
      if (log.to !== undefined) await log.moveTo(offset ?? 0, author, signal)
    })
  }
  return true
}

/** Undefined: records of the topic are bad records. */
function storeOf(topic: string, stores: ReturnType<typeof storesOf>): ObjectStore | undefined {
  try {
    return stores.open(stores.tenantOf(topic))
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    return undefined
  }
}

/** The partitions of the topic that have commits, found with one request for each. */
async function all(
  store: ObjectStore,
  dir: string,
  topic: string,
  signal: AbortSignal,
): Promise<readonly (readonly [TopicPartition, null])[]> {
  const found: (readonly [TopicPartition, null])[] = []
  const prefix = commitFolder(dir, { topic, partition: 0 }).slice(0, -1)
  for (let startAfter: string | undefined; ;) {
    const page = await store.list(prefix, { limit: 1, signal, ...(startAfter === undefined ? {} : { startAfter }) })
    const first = page.objects[0]
    if (first === undefined) return found
    const partition = Number(first.path.slice(prefix.length).split('/')[0])
    if (!Number.isSafeInteger(partition))
      throw new SluiceError('POSITION_UNREADABLE', 'There is something among the commits that is none', {
        place: { object: first.path },
        remedy: 'Remove it.',
      })
    found.push([{ topic, partition }, null])
    // Behind all commits of that partition: their names are digits.
    startAfter = `${prefix}${partition}/~`
  }
}
