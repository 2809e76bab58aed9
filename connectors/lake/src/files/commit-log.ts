/**
 * What of a partition is durable: one object per commit, numbered without gaps, each written only if it is not there. A commit names
 * its files and the offset behind them, so files that no commit names were never written as far as anybody need know; they are written
 * again, under the same names, by whoever goes on from the last commit.
 */
import { SluiceError } from '@sluice/sdk'
import type { TopicPartition } from '@sluice/sdk'
import type { ObjectStore } from '@sluice/object-store'
import type { FileBatch } from './partition-files.ts'

/** The content of such an object. */
interface CommitEntry {
  readonly id: string
  readonly connector: string
  readonly topicId?: string
  readonly from: number
  readonly to: number
  readonly rows: number
  readonly files: readonly { readonly path: string; readonly bytes: number }[]
  /** Milliseconds since the epoch. */
  readonly committedAt: number
}

export interface CommitAuthor {
  readonly connector: string
  readonly now: number
  readonly topicId: string | undefined
  /** Unique to the batch, and the same each time it is tried. */
  readonly id: string
}

export class CommitLog {
  readonly #store: ObjectStore
  readonly #folder: string
  #next: number
  #last: CommitEntry | undefined

  private constructor(store: ObjectStore, folder: string, next: number, last: CommitEntry | undefined) {
    this.#store = store
    this.#folder = folder
    this.#next = next
    this.#last = last
  }

  /** The log as it is now. Reads a number of objects that grows with the logarithm of its length. */
  static async open(store: ObjectStore, folder: string, signal: AbortSignal): Promise<CommitLog> {
    const isThere = async (number: number): Promise<boolean> =>
      (await store.head(pathIn(folder, number), { signal })) !== undefined
    let [below, above] = [-1, 0]
    while (await isThere(above)) [below, above] = [above, above * 2 + 1]
    // All up to `below` are there, none from `above` on.
    while (above - below > 1) {
      const middle = (below + above) >> 1
      if (await isThere(middle)) below = middle
      else above = middle
    }
    const last = below < 0 ? undefined : await readEntry(store, pathIn(folder, below), signal)
    return new CommitLog(store, folder, above, last)
  }

  /** The offset behind what is durable; undefined when nothing is. */
  get to(): number | undefined {
    return this.#last?.to
  }

  /** @throws SluiceError TOPIC_RECREATED when the last commit is of another topic */
  assertSameTopic(topicId: string, label: string): void {
    if (this.#last?.topicId === undefined || this.#last.topicId === topicId) return
    throw new SluiceError('TOPIC_RECREATED', `The files of ${label} are of another topic of that name`, {
      place: { commits: this.#folder, offset: this.#last.to, topicId },
      remedy:
        'The topic was deleted and created again. Write the new one’s records elsewhere (topics.dir), or remove the old ones with their commits.',
    })
  }

  /** From now on reading goes on there, whatever is in files. To be called while nobody writes the partition's. */
  async moveTo(offset: number, author: Omit<CommitAuthor, 'topicId'>, signal: AbortSignal): Promise<void> {
    const batch = { files: [], from: offset, to: offset, rows: 0 }
    await this.append(batch, { ...author, topicId: undefined }, signal)
  }

  /**
   * Makes the batch's files, which are stored, durable. After a retriable failure: call again with the same id.
   * @throws SluiceError TABLE_FENCED when another writer has the partition
   */
  async append(batch: FileBatch, { connector, now, topicId, id }: CommitAuthor, signal: AbortSignal): Promise<void> {
    const entry: CommitEntry = {
      id,
      connector,
      ...(topicId === undefined ? {} : { topicId }),
      from: batch.from,
      to: batch.to,
      rows: batch.rows,
      files: batch.files.map(({ path, bytes }) => ({ path, bytes: bytes.length })),
      committedAt: now,
    }
    const path = pathIn(this.#folder, this.#next)
    const outcome = await this.#store.putIfAbsent(path, Buffer.from(JSON.stringify(entry)), { signal })
    // It may be our own, of an attempt whose answer was lost.
    if (outcome === 'exists' && (await readEntry(this.#store, path, signal)).id !== id)
      throw new SluiceError('TABLE_FENCED', 'Another writer of the same partition has committed; this one must stop', {
        place: { commit: path },
        remedy:
          'Restart the task: it goes on from the last commit. If this comes again, two connectors write the same topic into one topics.dir.',
      })
    this.#next++
    this.#last = entry
  }
}

/** Where the commits of a partition are. @param dir `topics.dir` */
export function commitFolder(dir: string, { topic, partition }: TopicPartition): string {
  return `${dir === '' ? '' : `${dir}/`}_commits/${topic}/${partition}`
}

function pathIn(folder: string, number: number): string {
  return `${folder}/${String(number).padStart(20, '0')}.json`
}

async function readEntry(store: ObjectStore, path: string, signal: AbortSignal): Promise<CommitEntry> {
  const text = Buffer.from(await store.get(path, { signal })).toString('utf8')
  try {
    const entry = JSON.parse(text) as Partial<CommitEntry> | null
    if (Number.isSafeInteger(entry?.to) && typeof entry?.id === 'string') return entry as CommitEntry
  } catch {
    // Said below.
  }
  throw new SluiceError('POSITION_UNREADABLE', 'A commit of the files cannot be read', {
    place: { commit: path },
    remedy: 'Restore the object; without it nobody knows which records the files hold.',
  })
}
