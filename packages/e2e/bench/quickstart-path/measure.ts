/** CPU time of this process (user and system, its helper threads and garbage collection included) per record, in µs. */
import { setTimeout as sleep } from 'node:timers/promises'

/** As many as in the quickstart. */
export const PARTITIONS = 3

/** Records of a poll of the source, and about what a fetch brings. */
const SLICE = 2000
const PASSES = 3
const DEADLINE_MS = 60_000
const AT_A_TIME = 4

/** The median of some passes over all items, in slices as the loops take them, after one pass that warms up. */
export function median<T>(
  items: readonly T[],
  run: (slice: T[]) => number,
  beforePass: () => void = () => undefined,
): number {
  const parts = slices(items)
  const figures: number[] = []
  let sum = 0
  for (let pass = -1; pass < PASSES; pass++) {
    beforePass()
    globalThis.gc?.()
    const before = process.cpuUsage()
    for (const part of parts) sum += run(part)
    if (pass >= 0) figures.push(microsSince(before) / items.length)
  }
  if (sum === 0) throw new Error('nothing was measured')
  return middle(figures)
}

/** The same for work that waits. It says how many records it has moved. */
export async function microsPerRecord(work: () => Promise<number>, passes: number = PASSES): Promise<number> {
  const figures: number[] = []
  for (let pass = -1; pass < passes; pass++) {
    globalThis.gc?.()
    const before = process.cpuUsage()
    const records = await inTime(work())
    if (pass >= 0) figures.push(microsSince(before) / records)
  }
  return middle(figures)
}

/** A broker that does not answer must not hold up the other benchmarks. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  const late = new AbortController()
  const tooLate = sleep(DEADLINE_MS, undefined, { signal: late.signal }).then(() => {
    throw new Error(`A stage was not done within ${DEADLINE_MS / 1000} s`)
  })
  try {
    return await Promise.race([work, tooLate])
  } finally {
    late.abort()
    tooLate.catch(() => undefined)
  }
}

export function microsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return user + system
}

export function slices<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / SLICE) }, (_, i) => items.slice(i * SLICE, (i + 1) * SLICE))
}

/** Sends slice after slice, four at a time. */
export async function pump<T>(parts: readonly T[], send: (part: T) => Promise<unknown>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < parts.length) await send(parts[next++]!)
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, worker))
}

function middle(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)]!
}
