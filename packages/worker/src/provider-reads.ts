/**
 * What is read from config providers, one read of a path at a time. A read may hang for ever (a network file system that is away), and
 * one of a file keeps a thread of the process for so long: whoever asks meanwhile waits for the same read, and never begins another.
 */
import { SluiceError, type Clock } from '@sluice/sdk'
import type { ConfigProvider, ProvidedValues } from './config-providers.ts'

/** How long a path may take, from when it was first asked for: who comes to an older read hears at once that it hangs. */
const READ_MS = 30_000

/** A path, and of which provider. */
export interface Place {
  readonly name: string
  readonly provider: ConfigProvider
  readonly path: string
}

interface Read {
  readonly keys: Set<string>
  readonly sinceMs: number
  readonly answer: Promise<ProvidedValues>
}

interface Reads {
  now: Read
  /** For keys that the one under way does not look for; it begins when that has ended. */
  next: Read | null
}

export class ProviderReads {
  readonly #clock: Clock
  readonly #reads = new Map<string, Reads>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @throws SluiceError STORE_UNAVAILABLE when it takes too long, or what the provider throws */
  async get(place: Place, keys: readonly string[]): Promise<ProvidedValues> {
    const read = this.#readOf(place, keys)
    const leftMs = read.sinceMs + READ_MS - this.#clock.monotonic()
    if (leftMs <= 0) throw hangs(place)
    const over = new AbortController()
    const late = this.#clock.sleep(leftMs, over.signal).then(() => null)
    try {
      const values = await Promise.race([read.answer, late])
      if (values === null) throw hangs(place)
      return values
    } finally {
      over.abort()
    }
  }

  #readOf(place: Place, keys: readonly string[]): Read {
    const key = `${place.name}:${place.path}`
    const reads = this.#reads.get(key)
    if (reads === undefined) {
      const now = this.#begin(place, keys)
      this.#reads.set(key, { now, next: null })
      this.#whenEnded(key, now)
      return now
    }
    if (keys.every((wanted) => reads.now.keys.has(wanted))) return reads.now
    reads.next ??= this.#after(reads.now, place)
    for (const wanted of keys) reads.next.keys.add(wanted)
    return reads.next
  }

  #begin({ provider, path }: Place, keys: readonly string[]): Read {
    const answer = (async () => provider.get(path, keys))()
    return { keys: new Set(keys), sinceMs: this.#clock.monotonic(), answer }
  }

  #after(read: Read, { provider, path }: Place): Read {
    const keys = new Set<string>()
    const begin = (): Promise<ProvidedValues> => provider.get(path, [...keys])
    return { keys, sinceMs: this.#clock.monotonic(), answer: read.answer.then(begin, begin) }
  }

  #whenEnded(key: string, read: Read): void {
    const ended = (): void => {
      const { next } = this.#reads.get(key)!
      if (next === null) return void this.#reads.delete(key)
      this.#reads.set(key, { now: next, next: null })
      this.#whenEnded(key, next)
    }
    read.answer.then(ended, ended)
  }
}

function hangs({ name, path }: Place): SluiceError {
  const what = path === '' ? `The config provider ${name}` : `The config provider ${name} of ${path}`
  return new SluiceError('STORE_UNAVAILABLE', `${what} has not answered within ${READ_MS / 1000} s`, {
    retriable: true,
    remedy:
      'See whether what it reads from (a network file system, a vault) answers; it is not asked again before it has.',
  })
}
