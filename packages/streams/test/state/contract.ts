/**
 * What every engine promises: the same operations on a store and on a model that keeps everything in one list give the same answers,
 * also after commits and after the store was closed and opened again.
 */
import { describe, expect, test } from '@jest/globals'
import { SeededRandom } from '@sluice/sdk/testing'
import type { StoreDefinition } from '../../src/state/definition.ts'
import type { TaskStore } from '../../src/state/store-context.ts'
import {
  PUT_REFUSED,
  type KeyValueStore,
  type SessionStore,
  type TimestampedKeyValueStore,
  type TimestampedWindowStore,
  type VersionedKeyValueStore,
  type WindowStore,
} from '../../src/state/stores.ts'
import { base, windows } from './definitions.ts'
import type { TestContext } from './test-context.ts'

/** A store under test. `reopen` ends it and returns it as it is after a restart. */
export interface Subject {
  readonly context: TestContext
  store(): TaskStore
  commit(): void
  reopen(): Promise<void>
  end(): Promise<void>
}

export type Open = (definition: StoreDefinition) => Promise<Subject>

/** Orders that are no numbers' and no words': a beginning, a zero byte, texts beyond ASCII, a surrogate pair against the last characters before it. */
const KEYS = ['a', 'a\0', 'aa', 'a\0b', 'b', '', 'é', '日', '\u{1f600}', '\uffee', 'z', 'B', '\x7f', 'ab', '\0', 'zz']

export function storeContract(engine: string, operations: number, openStore: Open): void {
  const open = { openStore, operations }
  describe(`${engine} stores answer as a model does`, () => {
    test.each([1, 2, 3])('key-value, seed %i', async (seed) => {
      await run(open, { ...base(), kind: 'keyValue' }, seed, keyValueSteps(false))
    })

    test.each([1, 2])('key-value that collapses updates, seed %i', async (seed) => {
      await run(open, { ...base({ caching: true }), kind: 'keyValue' }, seed, keyValueSteps(false))
    })

    test.each([1, 2])('timestamped key-value, seed %i', async (seed) => {
      await run(open, { ...base(), kind: 'timestampedKeyValue' }, seed, keyValueSteps(true))
    })

    test.each([1, 2, 3])('window, seed %i', async (seed) => {
      const definition = { ...base(), kind: 'window', ...windows(50) } as const
      await run(open, definition, seed, windowSteps(50, 'plain'))
    })

    test.each([1, 2])('window over many segments, seed %i', async (seed) => {
      const definition = { ...base({ caching: true }), kind: 'timestampedWindow', ...windows(200_000) } as const
      await run(open, definition, seed, windowSteps(200_000, 'timestamped'))
    })

    test.each([1, 2, 3])('window that keeps duplicates, seed %i', async (seed) => {
      const definition = { ...base({ caching: true }), kind: 'window', ...windows(50, true) } as const
      await run(open, definition, seed, windowSteps(50, 'duplicates'))
    })

    test.each([
      [1, 60],
      [2, 60],
      [3, 150_000],
    ])('session, seed %i, retention %i', async (seed, retentionMs) => {
      await run(open, { ...base(), kind: 'session', retentionMs }, seed, sessionSteps(retentionMs))
    })

    test('rows without a key, and of what is no time, are refused; what is undefined is no value', async () => {
      const [no, notime] = [undefined as never, Number.NaN]
      const on = async (definition: StoreDefinition, work: (store: never) => void): Promise<void> => {
        const subject = await openStore(definition)
        work(subject.store() as never)
        expect(subject.context.lines().every((line) => line.split(' ')[1] === 'null')).toBe(true)
        await subject.end()
      }
      const refused = (...puts: readonly (() => unknown)[]): void => {
        for (const put of puts) expect(put).toThrow(expect.objectContaining({ code: 'DATA_INVALID' }))
      }
      await on({ ...base(), kind: 'keyValue' }, (store: KeyValueStore<string, string>) => {
        refused(
          () => store.put(no, 'x'),
          () => store.put(null as never, 'x'),
          () => store.delete(no),
          () => store.putAll([[no, 'x']]),
        )
        store.put('a', no)
        expect([...store.all()]).toEqual([])
      })
      await on({ ...base(), kind: 'timestampedKeyValue' }, (store: TimestampedKeyValueStore<string, string>) => {
        refused(
          () => store.put(no, 'x', 1),
          () => store.put('a', 'x', notime),
          () => store.putIfAbsent('a', 'x', no),
        )
        store.put('a', no, 1)
        expect([...store.all()]).toEqual([])
      })
      await on(
        { ...base(), kind: 'timestampedWindow', ...windows(50), retainDuplicates: false },
        (store: TimestampedWindowStore<string, string>) => {
          refused(
            () => store.put(no, 'x', 1, 1),
            () => store.put('a', 'x', notime, 1),
            () => store.put('a', 'x', 1, 1.5),
          )
          store.put('a', no, 1, 1)
          expect([...store.all()]).toEqual([])
        },
      )
      await on({ ...base(), kind: 'session', retentionMs: 50 }, (store: SessionStore<string, string>) => {
        refused(
          () => store.put(no, 1, 2, 'x'),
          () => store.put('a', notime, 2, 'x'),
          () => store.remove('a', 1, no),
        )
        store.put('a', 1, 2, no)
        expect([...store.fetch('a')]).toEqual([])
      })
      await on(
        { ...base(), kind: 'versioned', historyRetentionMs: 9 },
        (store: VersionedKeyValueStore<string, string>) => {
          refused(
            () => store.put(no, 'x', 1),
            () => store.put('a', 'x', notime),
          )
          store.put('a', no, 1)
          expect(store.get('a')).toBeNull()
        },
      )
    })

    test.each([1, 2, 3])('versioned, seed %i', async (seed) => {
      const definition = { ...base(), kind: 'versioned', historyRetentionMs: 40 } as const
      await run(open, definition, seed, versionedSteps(40))
    })
  })
}

interface Turn {
  readonly subject: Subject
  readonly draw: SeededRandom
  readonly now: number
}

interface Engine {
  readonly openStore: Open
  readonly operations: number
}

/** Made once per run: does one operation on both and compares. */
type Steps = () => (turn: Turn) => void

async function run(
  { openStore, operations }: Engine,
  definition: StoreDefinition,
  seed: number,
  steps: Steps,
): Promise<void> {
  const draw = new SeededRandom(seed)
  const subject = await openStore(definition)
  try {
    const step = steps()
    let now = 1000
    for (let count = 0; count < operations; count++) {
      now += draw.below(4)
      subject.context.at(now)
      step({ subject, draw, now })
      const chance = draw.below(200)
      if (chance < 8) subject.commit()
      else if (chance === 8) await subject.reopen()
    }
  } finally {
    await subject.end()
  }
}

const RANKS = new Map(
  KEYS.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))).map((key, rank) => [key, rank]),
)

function byBytes(a: string, b: string): number {
  return RANKS.get(a)! - RANKS.get(b)!
}

function pick(draw: SeededRandom): string {
  return KEYS[draw.below(KEYS.length)]!
}

function keyValueSteps(isTimestamped: boolean): Steps {
  return () => {
    const model = new Map<string, unknown>()
    const rows = (from: string | null, to: string | null): unknown[] =>
      [...model]
        .filter(([key]) => (from === null || byBytes(key, from) >= 0) && (to === null || byBytes(key, to) <= 0))
        .toSorted(([a], [b]) => byBytes(a, b))
        .map(([key, value]) => ({ key, value }))
    return ({ subject, draw, now }) => {
      const store = subject.store() as unknown as KeyValueStore<string, string>
      const timed = store as unknown as TimestampedKeyValueStore<string, string>
      const key = pick(draw)
      const value = draw.below(3) === 0 ? null : `v${draw.below(1000)}`
      const kept = value === null ? null : isTimestamped ? { value, timestamp: now } : value
      const before = model.get(key) ?? null
      switch (draw.below(9)) {
        case 0:
        case 1:
        case 2:
          if (isTimestamped) timed.put(key, value, now)
          else store.put(key, value)
          if (kept === null) model.delete(key)
          else model.set(key, kept)
          break
        case 3:
          if (value === null) break
          expect(isTimestamped ? timed.putIfAbsent(key, value, now) : store.putIfAbsent(key, value)).toEqual(before)
          if (before === null) model.set(key, kept)
          break
        case 4:
          expect(store.delete(key)).toEqual(before)
          model.delete(key)
          break
        case 5:
          expect(store.get(key)).toEqual(before)
          break
        case 6: {
          const to = draw.below(4) === 0 ? null : pick(draw)
          expect([...store.range(key, to)]).toEqual(rows(key, to))
          expect([...store.reverseRange(key, to)]).toEqual(rows(key, to).toReversed())
          break
        }
        case 7: {
          expect([...store.all()]).toEqual(rows(null, null))
          expect([...store.reverseAll()]).toEqual(rows(null, null).toReversed())
          expect(store.approximateNumEntries()).toBe(model.size)
          break
        }
        default: {
          const prefix = Buffer.from(key)
          const matching = rows(null, null).filter((row) =>
            Buffer.from((row as { key: string }).key)
              .subarray(0, prefix.length)
              .equals(prefix),
          )
          expect([...store.prefixScan(prefix)]).toEqual(matching)
        }
      }
    }
  }
}

type WindowFlavour = 'plain' | 'timestamped' | 'duplicates'

interface ModelWindow {
  readonly key: string
  readonly start: number
  readonly order: number
  readonly value: unknown
}

function windowSteps(retentionMs: number, flavour: WindowFlavour): Steps {
  return () => {
    let model: ModelWindow[] = []
    let time = -Infinity
    let order = 0
    let expired = 0
    const stretch = Math.max(1, Math.floor(retentionMs / 50))
    const live = (): ModelWindow[] => model.filter(({ start }) => start > time - retentionMs)
    const seen = ({ key, start, value }: ModelWindow): unknown => ({ key, start, value })
    const inOrder = (rows: ModelWindow[], first: 'key' | 'start'): unknown[] =>
      rows
        .toSorted((a, b) => {
          const keys = byBytes(a.key, b.key)
          const starts = a.start - b.start
          return (first === 'key' ? keys || starts : starts || keys) || a.order - b.order
        })
        .map(seen)
    return ({ subject, draw, now }) => {
      const store = subject.store() as unknown as WindowStore<string, string>
      const key = pick(draw)
      const base = now * stretch
      const start =
        base - draw.below(retentionMs + Math.floor(retentionMs / 4)) + (draw.below(20) === 0 ? retentionMs : 0)
      const from = base - draw.below(retentionMs * 2)
      const to = from + draw.below(retentionMs)
      switch (draw.below(8)) {
        case 0:
        case 1:
        case 2:
        case 3: {
          const value = draw.below(4) === 0 ? null : `v${draw.below(1000)}`
          if (flavour === 'timestamped')
            (store as unknown as TimestampedWindowStore<string, string>).put(key, value, now, start)
          else store.put(key, value, start)
          if (value === null && flavour === 'duplicates') break
          time = Math.max(time, start)
          if (start <= time - retentionMs) {
            expired++
            break
          }
          if (flavour !== 'duplicates') model = model.filter((row) => row.key !== key || row.start !== start)
          const kept = flavour === 'timestamped' ? { value, timestamp: now } : value
          if (value !== null) model.push({ key, start, order: order++, value: kept })
          break
        }
        case 4: {
          const at = live().filter((row) => row.key === key)
          const one = at.length > 0 && draw.below(2) === 0 ? at[draw.below(at.length)]!.start : start
          const found = at.filter((row) => row.start === one).toSorted((a, b) => a.order - b.order)
          expect(store.fetch(key, one)).toEqual(found[0]?.value ?? null)
          break
        }
        case 5: {
          const rows = inOrder(
            live().filter((row) => row.key === key && row.start >= from && row.start <= to),
            'start',
          )
          expect([...store.fetchRange(key, from, to)]).toEqual(rows)
          expect([...store.backwardFetchRange(key, from, to)]).toEqual(rows.toReversed())
          break
        }
        case 6: {
          const last = pick(draw)
          const rows = inOrder(
            live().filter(
              (row) =>
                row.start >= from && row.start <= to && byBytes(row.key, key) >= 0 && byBytes(row.key, last) <= 0,
            ),
            'key',
          )
          expect([...store.fetchKeys(key, last, from, to)]).toEqual(rows)
          expect([...store.backwardFetchKeys(key, last, from, to)]).toEqual(rows.toReversed())
          break
        }
        default: {
          const rows = inOrder(
            live().filter((row) => row.start >= from && row.start <= to),
            'start',
          )
          expect([...store.fetchAll(from, to)]).toEqual(rows)
          expect([...store.backwardFetchAll(from, to)]).toEqual(rows.toReversed())
          expect([...store.all()]).toEqual(inOrder(live(), 'start'))
        }
      }
      expect(subject.context.expired).toBe(expired)
    }
  }
}

interface ModelSession {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly value: string
}

function sessionSteps(retentionMs: number): Steps {
  return () => {
    let model: ModelSession[] = []
    let time = -Infinity
    const stretch = Math.max(1, Math.floor(retentionMs / 60))
    const live = (): ModelSession[] => model.filter(({ end }) => end > time - retentionMs)
    const byEnd = (a: ModelSession, b: ModelSession): number =>
      a.end - b.end || byBytes(a.key, b.key) || a.start - b.start
    const byKey = (a: ModelSession, b: ModelSession): number =>
      byBytes(a.key, b.key) || a.end - b.end || a.start - b.start
    return ({ subject, draw, now }) => {
      const store = subject.store() as unknown as SessionStore<string, string>
      const key = pick(draw)
      const end = now * stretch - draw.below(retentionMs + Math.floor(retentionMs / 4))
      const start = end - draw.below(20)
      switch (draw.below(8)) {
        case 0:
        case 1:
        case 2:
        case 3: {
          const value = draw.below(4) === 0 ? null : `v${draw.below(1000)}`
          if (value === null && draw.below(2) === 0) store.remove(key, start, end)
          else store.put(key, start, end, value)
          time = Math.max(time, end)
          if (end <= time - retentionMs) break
          model = model.filter((row) => row.key !== key || row.start !== start || row.end !== end)
          if (value !== null) model.push({ key, start, end, value })
          break
        }
        case 4: {
          const found = live().find((row) => row.key === key && row.start === start && row.end === end)
          expect(store.fetchSession(key, start, end)).toBe(found?.value ?? null)
          break
        }
        case 5: {
          const rows = live()
            .filter((row) => row.key === key && row.end >= start && row.start <= end)
            .toSorted(byEnd)
          expect([...store.findSessions(key, start, end)]).toEqual(rows)
          expect([...store.backwardFindSessions(key, start, end)]).toEqual(rows.toReversed())
          break
        }
        case 6: {
          const last = pick(draw)
          const rows = live()
            .filter((row) => byBytes(row.key, key) >= 0 && byBytes(row.key, last) <= 0)
            .filter((row) => row.end >= start && row.start <= end)
            .toSorted(byKey)
          expect([...store.findSessionsOfKeys(key, last, start, end)]).toEqual(rows)
          break
        }
        default: {
          const rows = live().filter((row) => row.end >= start && row.end <= end)
          expect([...store.findSessionsByEnd(start, end)]).toEqual(rows.toSorted(byEnd))
          expect([...store.fetch(key)]).toEqual(
            live()
              .filter((row) => row.key === key)
              .toSorted(byEnd),
          )
          expect([...store.all()]).toEqual(live().toSorted(byEnd))
        }
      }
    }
  }
}

interface ModelVersion {
  readonly key: string
  readonly timestamp: number
  readonly value: string | null
}

function versionedSteps(historyMs: number): Steps {
  return () => {
    let model: ModelVersion[] = []
    let time = -Infinity
    const of = (key: string): ModelVersion[] =>
      model.filter((row) => row.key === key).toSorted((a, b) => a.timestamp - b.timestamp)
    const asOf = (key: string, when: number): unknown => {
      const versions = of(key)
      const at = versions.findLastIndex(({ timestamp }) => timestamp <= when)
      const found = versions[at]
      if (found === undefined || found.value === null) return null
      const validTo = versions[at + 1]?.timestamp ?? null
      if (validTo !== null && when < time - historyMs) return null
      return { value: found.value, timestamp: found.timestamp, validTo }
    }
    return ({ subject, draw, now }) => {
      const store = subject.store() as unknown as VersionedKeyValueStore<string, string>
      const key = pick(draw)
      const timestamp = now - draw.below(historyMs + 10)
      switch (draw.below(6)) {
        case 0:
        case 1:
        case 2: {
          const value = draw.below(4) === 0 ? null : `v${draw.below(1000)}`
          const answer = store.put(key, value, timestamp)
          if (timestamp < time - historyMs) {
            expect(answer).toBe(PUT_REFUSED)
            break
          }
          time = Math.max(time, timestamp)
          model = model.filter((row) => row.key !== key || row.timestamp !== timestamp)
          model.push({ key, timestamp, value })
          expect(answer).toBe(of(key).find((row) => row.timestamp > timestamp)?.timestamp ?? null)
          break
        }
        case 3:
          expect(store.get(key)).toEqual(asOf(key, Infinity))
          break
        case 4:
          expect(store.getAsOf(key, timestamp)).toEqual(asOf(key, timestamp))
          break
        default: {
          const from = Math.max(timestamp, time - historyMs)
          const versions = of(key)
          const rows = versions
            .map((row, at) => ({ ...row, validTo: versions[at + 1]?.timestamp ?? null }))
            .filter((row) => row.value !== null && row.timestamp <= now && (row.validTo === null || row.validTo > from))
            .map(({ value, timestamp: at, validTo }) => ({ value, timestamp: at, validTo }))
          expect([...store.getRange(key, timestamp, now)]).toEqual(rows.toReversed())
        }
      }
    }
  }
}
