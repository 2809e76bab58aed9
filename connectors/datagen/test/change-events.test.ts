/** What makes events a table's: applied in order they are never at odds with what is there. */
import { describe, expect, test } from '@jest/globals'
import { datagenSource } from '@sluice/connector-datagen'
import type { RawSettings, SourceRecord, Value } from '@sluice/sdk'
import { validateValue } from '@sluice/sdk'
import { FakeSourceContext, SeededRandom, SourceRun } from '@sluice/sdk/testing'
import { TableLife } from '../src/table-life.ts'
import { datagen, recordsOf } from './datagen-runs.ts'

interface Event {
  readonly before: Value
  readonly after: Value
  readonly op: string
  readonly ts_ms: number
}

/** Applies events to a table; each has to fit what is there. */
class Replay {
  readonly rows = new Map<string, Value>()
  readonly seen = new Set<string>()
  readonly ops: Record<string, number> = { c: 0, u: 0, d: 0 }
  rowsMax = 0
  #deleted: string | null = null

  apply({ key: given, value }: SourceRecord): void {
    const key = JSON.stringify(given)
    if (value === null) {
      // A tombstone comes right behind its delete.
      expect(this.#deleted).toBe(key)
      this.#deleted = null
      return
    }
    const { before, after, op } = value as unknown as Event
    this.ops[op]!++
    if (op === 'c') {
      expect(this.seen.has(key)).toBe(false)
      this.seen.add(key)
    }
    expect(before).toEqual(op === 'c' ? null : this.rows.get(key))
    if (op !== 'c') expect(this.rows.has(key)).toBe(true)
    for (const image of [before, after])
      if (image !== null) expect(image).toMatchObject(given as Readonly<Record<string, unknown>>)
    if (op === 'd') {
      expect(after).toBeNull()
      this.rows.delete(key)
      this.#deleted = key
    } else {
      expect(after).not.toBeNull()
      this.rows.set(key, after)
    }
    this.rowsMax = Math.max(this.rowsMax, this.rows.size)
  }
}

const TABLES = ['users', 'orders', 'inventory', 'transactions', 'stores'] as const

describe('change events', () => {
  test('applied in order are a table: before is what is there, keys come once, no more rows than there may be', async () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new SeededRandom(seed)
      const size = 1 + random.below(30)
      const hasDeletes = random.chance(0.8)
      const replay = new Replay()
      const records = await recordsOf({
        quickstart: random.pick(TABLES),
        seed: String(seed),
        iterations: '400',
        'change.events': 'true',
        'change.events.rows': String(size),
        'change.events.updates': String(random.below(5)),
        'change.events.deletes': String(hasDeletes),
      })
      for (const record of records) {
        replay.apply(record)
        validateValue(record.valueSchema, record.value, 'value')
      }
      expect(replay.rowsMax).toBe(size)
      expect(replay.ops['c']! + replay.ops['u']! + replay.ops['d']!).toBe(400)
      expect(replay.rows.size).toBe(replay.ops['c']! - replay.ops['d']!)
      if (!hasDeletes) expect(replay.ops).toMatchObject({ c: size, d: 0 })
    }
  })

  test('of several tasks have keys of their own, whatever their number', async () => {
    const keys = await Promise.all(
      [0, 1, 2, 7].map(async (task) =>
        (await recordsOf({ quickstart: 'orders', seed: '1', iterations: '300', 'change.events': 'true' }, task))
          .filter(({ value }) => (value as unknown as Event | null)?.op === 'c')
          .map(({ key }) => JSON.stringify(key)),
      ),
    )
    expect(new Set(keys.flat()).size).toBe(keys.flat().length)
    expect(keys[0]).toContain('{"orderid":1}')
    expect(keys[1]).toContain('{"orderid":100000001}')
  })

  test('there are as many tasks as the keys suffice for', () => {
    const tasks = (quickstart: string): number => {
      const raw = datagen({ quickstart, 'change.events': 'true' })
      return (datagenSource.taskSettings!(datagenSource.settings.parse(raw), raw, 100) as readonly RawSettings[]).length
    }
    expect(tasks('orders')).toBe(21)
    expect(tasks('users')).toBe(100)
  })

  test('have times that are counted', async () => {
    const events = await recordsOf({
      quickstart: 'users',
      iterations: '5',
      'change.events': 'true',
      'change.events.start.ms': '100',
      'change.events.step.ms': '7',
    })
    expect(events.map(({ value }) => (value as unknown as Event).ts_ms)).toEqual([100, 107, 114, 121, 128])
  })

  test('leave out tombstones when they are to', async () => {
    const settings = { quickstart: 'users', iterations: '50', 'change.events': 'true', 'change.events.rows': '2' }
    const tombstones = async (wanted: string): Promise<number> =>
      (await recordsOf({ ...settings, 'tombstones.on.delete': wanted })).filter(({ value }) => value === null).length
    expect(await tombstones('true')).toBeGreaterThan(0)
    expect(await tombstones('false')).toBe(0)
  })

  test('do not go on from a position in another table', async () => {
    const table = { quickstart: 'users', iterations: '10', seed: '1', 'change.events': 'true' }
    const context = new FakeSourceContext()
    const run = new SourceRun(datagenSource, datagen(table), context)
    await run.start()
    await run.drain()
    await run.settle()
    const others = [{ seed: '2' }, { 'change.events.rows': '99' }, { 'change.events': 'false' }]
    for (const other of others) {
      const again = new SourceRun(datagenSource, datagen({ ...table, ...other }), context)
      await expect(again.start()).rejects.toMatchObject({ code: 'POSITION_UNREADABLE' })
    }
    await new SourceRun(datagenSource, datagen({ ...table, iterations: '20', 'max.interval': '9' }), context).start()
  })
})

test('each round visits each place once', () => {
  for (let size = 1; size < 40; size++) {
    const life = new TableLife({ seed: String(size), size, updates: 3, hasDeletes: false })
    for (let round = 0; round < 5; round++) {
      const rows = Array.from({ length: size }, (_, i) => life.visit(round * size + i).row)
      expect(rows.toSorted((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i))
    }
  }
})
