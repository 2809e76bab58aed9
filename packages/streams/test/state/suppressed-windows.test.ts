import { expect, test } from '@jest/globals'
import { SeededRandom } from '@sluice/sdk/testing'
import { fixedWindowedKey } from '../../src/dsl/windowed-keys.ts'
import { Serdes } from '../../src/serdes.ts'
import { memoryStores } from '../../src/state/create-store.ts'
import type { TaskStore } from '../../src/state/store-context.ts'
import type { BufferedChange, SuppressionBuffer } from '../../src/state/stores.ts'
import { UndoJournal } from '../../src/state/undo-journal.ts'
import { TimeWindows } from '../../src/windows/time-windows.ts'
import type { Windowed } from '../../src/windows/window.ts'
import { base } from './definitions.ts'
import { TestContext } from './test-context.ts'

interface Row {
  readonly time: number
  readonly key: Windowed<string>
  readonly newValue: string
  readonly oldValue: string | null
  readonly priorValue: string | null
  readonly offset: number
}

const WINDOWS = TimeWindows.ofSizeWithNoGrace(10)
const nameOf = ({ key, start }: Windowed<string>): string => `${key}@${start}`
const bytesOf = ({ key, start }: Windowed<string>): Buffer => {
  const time = Buffer.alloc(8)
  time.writeBigInt64BE(BigInt(start))
  return Buffer.concat([Buffer.from(key), time])
}
const inOrder = (a: Row, b: Row): number => a.time - b.time || Buffer.compare(bytesOf(a.key), bytesOf(b.key))
const seen = ({
  key,
  time,
  newValue,
  oldValue,
  priorValue,
  context,
}: BufferedChange<Windowed<string>, string>): Row => ({
  key,
  time,
  newValue: newValue!,
  oldValue,
  priorValue,
  offset: context.offset,
})

test.each([1, 2, 3])(
  'windows wait and go as in a list, through commits, restarts and what is taken back; seed %i',
  (seed) => {
    const draw = new SeededRandom(seed)
    const journal = new UndoJournal()
    const context = Object.assign(new TestContext(), { journal })
    const key = fixedWindowedKey(Serdes.string, WINDOWS)
    const definition = { ...base(), kind: 'suppression', key, tracksBytes: true } as const
    let store: TaskStore = memoryStores(definition, context)
    let model = new Map<string, Row>()
    for (let count = 0; count < 1500; count++) {
      const buffer = store as unknown as SuppressionBuffer<Windowed<string>, string>
      journal.clear()
      const start = 10 * draw.below(12)
      const window = { key: ['a', 'ab', 'é', ''][draw.below(4)]!, start, end: start + 10 }
      const chance = draw.below(20)
      if (chance < 12) {
        context.record = { ...context.record, offset: count }
        const before = model
        const one = model.get(nameOf(window))
        const oldValue = one?.newValue ?? (draw.below(2) === 0 ? 'old' : null)
        const time = one?.time ?? draw.below(5)
        const priorValue = one === undefined ? oldValue : one.priorValue
        buffer.put(time, window, `v${count}`, oldValue)
        const row = { time, key: window, newValue: `v${count}`, oldValue, priorValue, offset: count }
        model = new Map(model).set(nameOf(window), row)
        if (draw.below(4) === 0) {
          journal.takeBack()
          model = before
        }
      } else if (chance < 17) {
        const waiting = [...model.values()].toSorted(inOrder)
        const gone: Row[] = []
        let left = draw.below(6)
        buffer.evictWhile(
          () => left-- > 0,
          (change) => gone.push(seen(change)),
        )
        expect(gone).toEqual(waiting.slice(0, gone.length))
        for (const row of gone) model.delete(nameOf(row.key))
      } else if (chance < 19) {
        const logged = context.logged.length
        store.flush()
        const keys = context.logged.slice(logged).map((record) => Buffer.from(record.key).toString('hex'))
        expect(new Set(keys).size).toBe(keys.length)
      } else {
        store.flush()
        store = memoryStores(definition, context)
        store.restore(context.records())
      }
      const now = store as unknown as SuppressionBuffer<Windowed<string>, string>
      const one = model.get(nameOf(window))
      const prior =
        one === undefined ? undefined : one.priorValue === null ? null : { value: one.priorValue, timestamp: -1 }
      expect(now.priorValue(window)).toEqual(prior)
      const times = Array.from(model.values(), ({ time }) => time)
      expect([now.numRecords, now.minTime]).toEqual([model.size, Math.min(...times)])
      if (model.size === 0) expect(now.sizeBytes).toBe(0)
    }
    // Where all of it is in the end, the sizes are those of what was put last.
    const fresh = memoryStores(definition, Object.assign(new TestContext(), { journal: null }))
    store.flush()
    fresh.restore(context.records())
    const sizes = [store, fresh].map((one) => (one as unknown as SuppressionBuffer<unknown, string>).sizeBytes)
    expect(sizes[0]).toBe(sizes[1])
  },
)
