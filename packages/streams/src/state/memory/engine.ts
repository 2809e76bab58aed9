import type { TableEngine } from '../tables.ts'
import { MemoryKeyTable } from './key-table.ts'
import { MemoryTimeTable } from './time-table.ts'

/** Tables in this process: gone with it, and restored from the changelog. */
export const memoryEngine: TableEngine = Object.freeze<TableEngine>({
  counter: (_store, _name, initial) => ({ value: initial }),
  keyTable: (spec) => new MemoryKeyTable(spec),
  timeTable: (spec) => new MemoryTimeTable(spec),
})
