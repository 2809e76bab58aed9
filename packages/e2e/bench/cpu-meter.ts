/**
 * CPU of a process with all that it has started, finer than the 10 ms in which `/proc/PID/stat` counts: the scheduler tells nanoseconds of
 * each thread that lives. What threads and processes that have ended used after they were last seen, `stat` alone knows: that much is off by
 * up to 20 ms, once. Where the scheduler tells nothing, all of it is from `stat`.
 */
import fs from 'node:fs'
import { processTree } from './process-tree.ts'

const NS_PER_SECOND = 1e9

export class CpuMeter {
  readonly #root: number
  readonly #processes = new Map<number, ProcessTally>()
  readonly #ended = new Tally()

  constructor(pid: number) {
    this.#root = pid
    this.seconds()
  }

  /** Used since the process was started. Before and after, it should have come to rest: a thread that runs now was counted a moment ago. */
  seconds(): number {
    const all = processTree(this.#root)
    const living = new Set(all.map(({ pid }) => pid))
    for (const [pid, tally] of this.#processes) {
      if (living.has(pid)) continue
      this.#ended.add(tally.total)
      this.#processes.delete(pid)
    }
    let used = this.#ended.atLeast(all.reduce((sum, { cpuSecondsOfEnded }) => sum + cpuSecondsOfEnded, 0))
    for (const { pid, cpuSeconds } of all) {
      let tally = this.#processes.get(pid)
      if (tally === undefined) this.#processes.set(pid, (tally = new ProcessTally(pid)))
      used += tally.read(cpuSeconds)
    }
    return used
  }
}

/** What was seen, and what cannot have been less by what others count more coarsely. */
class Tally {
  #total = 0

  get total(): number {
    return this.#total
  }

  add(seconds: number): void {
    this.#total += seconds
  }

  atLeast(seconds: number): number {
    return (this.#total = Math.max(this.#total, seconds))
  }
}

class ProcessTally {
  readonly #pid: number
  readonly #tally = new Tally()
  /** Of those that live. */
  #threads: ReadonlyMap<string, number> = new Map()

  constructor(pid: number) {
    this.#pid = pid
  }

  get total(): number {
    return this.#tally.total
  }

  read(seconds: number): number {
    const threads = secondsOfThreads(this.#pid)
    for (const [thread, used] of threads) this.#tally.add(Math.max(0, used - (this.#threads.get(thread) ?? 0)))
    this.#threads = threads
    return this.#tally.atLeast(seconds)
  }
}

function secondsOfThreads(pid: number): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const thread of threadsOf(pid)) {
    try {
      const told = fs.readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1')
      found.set(thread, Number(told.split(' ')[0]) / NS_PER_SECOND)
    } catch {
      // It has ended, or there is no such file here.
    }
  }
  return found
}

function threadsOf(pid: number): readonly string[] {
  try {
    return fs.readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}
