import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { StoreDefinition } from '../../../src/state/definition.ts'
import { windowStoreKey } from '../../../src/state/formats/windowed-keys.ts'
import { stateError } from '../../../src/state/lmdb/lmdb-errors.ts'
import { LmdbState } from '../../../src/state/lmdb/lmdb-state.ts'
import { adoptState } from '../../../src/state/lmdb/state-directory.ts'
import type { ChangelogRecord } from '../../../src/state/store-context.ts'
import type {
  KeyValueStore,
  SuppressionBuffer,
  TimestampedKeyValueStore,
  TimestampedWindowStore,
  VersionedKeyValueStore,
} from '../../../src/state/stores.ts'
import { base, windows } from '../definitions.ts'
import { TestContext } from '../test-context.ts'

const TABLE = { ...base(), kind: 'timestampedKeyValue' } as const
type Table = TimestampedKeyValueStore<string, string>

let directory = ''
const open: LmdbState[] = []
const children: ChildProcess[] = []

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-state-'))
})

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const state of open.splice(0)) await state.close()
  fs.rmSync(directory, { recursive: true, force: true })
})

function opened(options: { application?: string; task?: string } = {}): LmdbState {
  const state = new LmdbState({ directory, application: 'app', task: '0_0', ...options })
  open.push(state)
  return state
}

async function closed(state: LmdbState): Promise<void> {
  open.splice(open.indexOf(state), 1)
  await state.close()
}

function store<S>(state: LmdbState, definition: StoreDefinition, as: (store: unknown) => S): S {
  return as(state.store(definition, new TestContext()))
}

function table(state: LmdbState): Table {
  return store(state, TABLE, (one) => one as Table)
}

function committed(state: LmdbState): void {
  state.commit(new Map([['store', 7]]))
}

function record(key: string | Uint8Array, value: string | null, timestamp: number): ChangelogRecord {
  const bytes = value === null ? null : Buffer.from(value)
  return { key: Buffer.from(key), value: bytes, timestamp, headers: null, offset: 0 }
}

describe('a commit', () => {
  test('keeps rows and the position of the changelog together; what came after it is lost with the process', async () => {
    const state = opened()
    const rows = table(state)
    rows.put('a', 'first', 1)
    committed(state)
    rows.put('a', 'second', 2)
    rows.put('b', 'second', 2)
    await closed(state)
    const again = opened()
    expect([...table(again).all()]).toEqual([{ key: 'a', value: { value: 'first', timestamp: 1 } }])
    expect(again.position(TABLE)).toBe(7)
  })

  test('of a process that is killed in the middle of the next one is whole, and its lock is no obstacle', async () => {
    await heldByChild()
    await killed(children[0]!)
    const state = opened()
    expect([...table(state).all()]).toEqual([{ key: 'committed', value: { value: 'yes', timestamp: 1 } }])
    expect(state.position(TABLE)).toBe(1)
  })

  test('that fails leaves all as it was, on disk and in memory, and can be tried again', () => {
    const state = opened()
    const definition = { ...base(), kind: 'keyValue' } as const
    const rows = store(state, definition, (one) => one as KeyValueStore<string, string>)
    rows.put('a', 'kept')
    rows.put('x'.repeat(2500), 'too long for a key on disk')
    expect(() => committed(state)).toThrow(expect.objectContaining({ code: 'RECORD_TOO_LARGE' }))
    expect(state.position(definition)).toBeNull()
    expect(rows.get('a')).toBe('kept')
    rows.put('b', 'more')
    expect(() => committed(state)).toThrow(expect.objectContaining({ code: 'RECORD_TOO_LARGE' }))
  })

  test('that the system has no room for leaves the one before as it was, and its rows to be tried again', async () => {
    const program = new URL('fill-state.ts', import.meta.url).pathname
    const run = `ulimit -f 4000; exec "$0" --conditions=@sluice/source "$1" "$2"`
    const child = spawn('bash', ['-c', run, process.execPath, program, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    const exited = once(child, 'exit')
    const said = await text(child.stdout)
    await exited
    const { code, retriable, commits, held } = JSON.parse(said) as Record<string, unknown>
    expect([code, retriable, held]).toEqual(['STATE_DISK_FULL', true, 'row of the failed commit'])
    expect(commits).toBeGreaterThan(0)
    const state = opened()
    expect(state.position(TABLE)).toBe(commits)
    expect([...table(state).all()].length).toBe(Number(commits) * 1000)
  })

  test('that finds no room says so, and that it can be tried again', () => {
    for (const message of ['No space left on device', 'MDB_MAP_FULL: Environment mapsize limit reached', 'EDQUOT']) {
      expect(stateError(new Error(message), directory)).toMatchObject({ code: 'STATE_DISK_FULL', retriable: true })
    }
    expect(stateError(new Error('MDB_CORRUPTED: Located page was wrong type'), directory)).toMatchObject({
      code: 'STATE_TORN',
    })
  })
})

describe('a restore', () => {
  test('goes on behind what was restored before it stopped', async () => {
    const state = opened()
    const rows = state.store(TABLE, new TestContext())
    expect(state.position(TABLE)).toBeNull()
    state.restore(rows, [record('a', 'x', 1), record('b', 'y', 2)], 2)
    state.restore(rows, [record('a', null, 3), record('c', 'z', 4)], 4)
    await closed(state)
    const again = opened()
    expect(again.position(TABLE)).toBe(4)
    expect([...table(again).all()]).toEqual([
      { key: 'b', value: { value: 'y', timestamp: 2 } },
      { key: 'c', value: { value: 'z', timestamp: 4 } },
    ])
  })

  test('passes over what a filter does not accept', () => {
    const state = opened()
    const rows = state.store(TABLE, new TestContext())
    const records = [record('a', 'in', 1), record('a', 'beyond the committed input', 2)]
    state.restore(rows, records, 2, ({ timestamp }) => timestamp < 2)
    expect((rows as unknown as Table).get('a')).toEqual({ value: 'in', timestamp: 1 })
  })

  test('takes the place of what was read before', () => {
    const state = opened()
    const rows = state.store(TABLE, new TestContext())
    expect((rows as unknown as Table).get('a')).toBeNull()
    state.restore(rows, [record('a', 'x', 1)], 1)
    expect((rows as unknown as Table).get('a')).toEqual({ value: 'x', timestamp: 1 })
  })

  test('of windows keeps only those that have not expired, also when its batches lie far apart', () => {
    const state = opened()
    const definition = { ...base(), kind: 'timestampedWindow', ...windows(100_000) } as const
    const rows = state.store(definition, new TestContext())
    const starts = Array.from({ length: 50 }, (_, at) => at * 30_000)
    for (const start of starts)
      state.restore(rows, [record(windowStoreKey(Buffer.from('a'), start, 0), `${start}`, start)], start)
    const kept = [...(rows as unknown as TimestampedWindowStore<string, string>).all()].map(({ start }) => start)
    expect(kept).toEqual(starts.filter((start) => start > 49 * 30_000 - 100_000))
  })

  test('that meets a record it cannot read changes nothing', () => {
    const state = opened()
    const definition = { ...base(), kind: 'versioned', historyRetentionMs: 10 } as const
    const rows = state.store(definition, new TestContext())
    const poison = {
      ...record('b', 'x', 51),
      get value(): Uint8Array {
        throw new Error('poison')
      },
    }
    expect(() => state.restore(rows, [record('a', 'x', 50), poison], 2)).toThrow('poison')
    expect(state.position(definition)).toBeNull()
    expect((rows as unknown as VersionedKeyValueStore<string, string>).get('a')).toBeNull()
  })

  test('of versions is kept as well', async () => {
    const state = opened()
    const definition = { ...base(), kind: 'versioned', historyRetentionMs: 10 } as const
    state.restore(state.store(definition, new TestContext()), [record('a', 'x', 50), record('a', 'y', 55)], 2)
    await closed(state)
    const versions = store(opened(), definition, (one) => one as VersionedKeyValueStore<string, string>)
    expect(versions.getAsOf('a', 52)).toEqual({ value: 'x', timestamp: 50, validTo: 55 })
  })
})

test('old segments go as a whole: the file does not grow while time does', async () => {
  const state = opened()
  const definition = { ...base(), kind: 'timestampedWindow', ...windows(120_000) } as const
  const rows = store(state, definition, (one) => one as TimestampedWindowStore<string, string>)
  const sizes: number[] = []
  for (let minute = 0; minute < 60; minute++) {
    for (let key = 0; key < 200; key++) rows.put(`key ${key}`, 'v'.repeat(200), minute * 60_000, minute * 60_000)
    committed(state)
    sizes.push(fs.statSync(path.join(directory, 'state.mdb')).size)
  }
  expect([...rows.all()].length).toBe(2 * 200)
  expect(sizes.at(-1)).toBeLessThanOrEqual(sizes[15]!)
  await closed(state)
})

test('buffers are restored from the beginning of their changelogs: they have no position', () => {
  const state = opened()
  const definition = { ...base(), kind: 'suppression', tracksBytes: false } as const
  const buffer = store(state, definition, (one) => one as SuppressionBuffer<string, string>)
  buffer.put(1, 'a', 'x', null)
  committed(state)
  expect(state.position(definition)).toBeNull()
})

describe('a directory', () => {
  test('that another process has is refused, and taken when that is gone', async () => {
    await heldByChild()
    expect(() => opened()).toThrow(expect.objectContaining({ code: 'STATE_LOCKED', retriable: true }))
    await killed(children[0]!)
    opened()
  })

  test('that this process has is refused, and taken when it is closed', async () => {
    const state = opened()
    expect(() => opened()).toThrow(expect.objectContaining({ code: 'STATE_LOCKED' }))
    await closed(state)
    opened()
  })

  test.each([
    ['a file that is cut short', () => fs.truncateSync(file('state.mdb'), 12_288), 'has 12288 bytes'],
    ['a file of something else', () => fs.writeFileSync(file('state.mdb'), 'x'.repeat(20_000)), 'does not begin'],
    ['an empty file', () => fs.truncateSync(file('state.mdb'), 0), 'does not begin'],
    ['no manifest', () => fs.rmSync(file('state.json')), 'no state.json'],
    ['half a manifest', () => fs.truncateSync(file('state.json'), 20), 'cannot be read'],
    ['a machine that stopped meanwhile', () => edited({ openIn: 'an earlier start' }), 'the machine stopped'],
  ])('with %s is torn, and says that the state can be restored', async (_, harm, why) => {
    await filled()
    harm()
    expect(() => opened()).toThrow(
      expect.objectContaining({ code: 'STATE_TORN', message: expect.stringContaining(why) as unknown }),
    )
    expect(fs.readdirSync(directory).filter((name) => name.startsWith('lock.'))).toEqual([])
  })

  test.each([
    ['a later version', () => edited({ format: 2 })],
    ['another task', () => edited({ task: '1_0' })],
    ['another application', () => edited({ application: 'other' })],
  ])('of %s is refused', async (_, change) => {
    await filled()
    change()
    expect(() => opened()).toThrow(expect.objectContaining({ code: 'STATE_FOREIGN' }))
  })

  test('of a topology that kept the store as something else is refused', async () => {
    await filled()
    const state = opened()
    expect(() => state.store({ ...base(), kind: 'session', retentionMs: 5 }, new TestContext())).toThrow(
      expect.objectContaining({ code: 'STATE_FOREIGN' }),
    )
  })

  test('that there is no room for says so, whether it is opened, closed, or taken from a snapshot: it can be tried again', async () => {
    const full = expect.objectContaining({ code: 'STATE_DISK_FULL', retriable: true }) as unknown
    await filled()
    const write = fs.writeFileSync.bind(fs)
    const noRoom = (): never => {
      throw new Error('ENOSPC: no space left on device, write')
    }
    const spy = jest.spyOn(fs, 'writeFileSync')
    try {
      spy.mockImplementation(noRoom)
      expect(() => opened()).toThrow(full)
      await expect(adoptState(directory, { application: 'app', task: '0_0' }, {}, noRoom)).rejects.toEqual(full)
      spy.mockImplementation(write)
      const state = opened()
      table(state).put('more', 'value', 1)
      state.commit(new Map([['store', 8]]))
      spy.mockImplementation(noRoom)
      await expect(closed(state)).rejects.toEqual(full)
    } finally {
      spy.mockRestore()
    }
    const again = opened()
    expect(again.position(TABLE)).toBe(8)
    expect([...table(again).all()]).toHaveLength(501)
  })

  test('that was never written is new', () => {
    fs.rmSync(directory, { recursive: true })
    expect([...table(opened()).all()]).toEqual([])
  })

  function file(name: string): string {
    return path.join(directory, name)
  }

  function edited(change: object): void {
    const manifest = JSON.parse(fs.readFileSync(file('state.json'), 'utf8')) as object
    fs.writeFileSync(file('state.json'), JSON.stringify({ ...manifest, ...change }))
  }
})

async function filled(): Promise<void> {
  const state = opened()
  const rows = table(state)
  for (let count = 0; count < 500; count++) rows.put(`key ${count}`, 'value', count)
  committed(state)
  await closed(state)
}

async function heldByChild(): Promise<void> {
  const program = new URL('hold-state.ts', import.meta.url).pathname
  const child = spawn(process.execPath, ['--conditions=@sluice/source', program, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  await once(child.stdout, 'data')
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

describe('a store that is forgotten', () => {
  test.each([
    ['a table', TABLE],
    ['windows', { ...base(), kind: 'timestampedWindow', ...windows(40_000) } as const],
  ])('is empty for whoever makes it next, also after a restart, and the others have all: %s', async (_, definition) => {
    const other = { ...TABLE, name: 'store-2' }
    const fill = (state: LmdbState): void => {
      const one = store(state, definition, (made) => made as { put(...row: unknown[]): void })
      const two = store(state, other, (made) => made as Table)
      for (let i = 0; i < 50; i++) {
        one.put(`k${i}`, 'x', i * 1_000, i * 1_000)
        two.put(`k${i}`, 'x', i)
      }
      state.commit(new Map([['store', 7]]), new Map([['in-0', 50]]))
    }
    fill(opened())
    await closed(open[0]!)
    const again = opened()
    expect([again.forget('nobody'), again.forget('store')]).toEqual([false, true])
    const count = (state: LmdbState, one: StoreDefinition): number =>
      [...store(state, one, (made) => made as { all(): Iterable<unknown> }).all()].length
    expect([count(again, definition), again.position(definition), count(again, other)]).toEqual([0, null, 50])
    await closed(again)
    const later = opened()
    expect([count(later, definition), count(later, other)]).toEqual([0, 50])
  })

  test('where the last commit stood is known after a restart: of all sources that are asked for', async () => {
    const state = opened()
    table(state)
    expect(state.standsAt(new Map([['in-0', -1]]))).toBe(true)
    state.commit(new Map(), new Map([['in-0', 5]]))
    await closed(state)
    const again = opened()
    const stands = (...sources: [string, number][]): boolean => again.standsAt(new Map(sources))
    expect([stands(['in-0', 5]), stands(['in-0', 5], ['in-1', -1]), stands(['in-0', 6])]).toEqual([true, true, false])
    expect(stands(['in-0', 5], ['in-1', 0])).toBe(false)
  })
})
