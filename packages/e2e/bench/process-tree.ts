/** What a process and all that it has started have used: from /proc. */
import fs from 'node:fs'

const KIB_PER_MIB = 1024
/** What the kernel tells of times to programs, whatever its own clock is. */
const TICKS_PER_SECOND = 100

/** User and system time in seconds, of those that have ended and were waited for too; in steps of 10 ms for each (finer: cpu-meter.ts). */
export function cpuSecondsOfTree(pid: number): number {
  return processTree(pid).reduce((sum, one) => sum + one.cpuSeconds + one.cpuSecondsOfEnded, 0)
}

/** Resident, in MiB; what the processes share with each other or with anybody else (the program's own text, most of all) counts once. */
export function memoryMiBOfTree(pid: number): number {
  const all = processTree(pid).map((one) => memoryOf(one.pid))
  const own = all.reduce((sum, { ownKiB }) => sum + ownKiB, 0)
  return (own + Math.max(...all.map(({ sharedKiB }) => sharedKiB))) / KIB_PER_MIB
}

/** The proportional set size of each process that it has started and that runs, in MiB. */
export function proportionalMiBOfChildren(pid: number): readonly number[] {
  return processTree(pid)
    .slice(1)
    .map((one) => memoryOf(one.pid).proportionalKiB / KIB_PER_MIB)
    .filter((size) => size > 0)
}

/** What a process has for itself, and its share of what others have as well; 0 when it has ended. */
export function proportionalMiB(pid: number): number {
  try {
    const kib = /^Pss:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]
    return Number(kib ?? 0) / 1024
  } catch {
    return 0
  }
}

/** All that it has started, and those that these have. */
export function descendants(pid: number): readonly number[] {
  return processTree(pid)
    .map((one) => one.pid)
    .filter((one) => one !== pid)
}

export interface OneProcess {
  readonly pid: number
  readonly parent: number
  readonly cpuSeconds: number
  /** Of those that it has started, waited for, with all that these had waited for. */
  readonly cpuSecondsOfEnded: number
}

/** A process, and all below it: first itself. */
export function processTree(root: number): readonly OneProcess[] {
  const all = fs.readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? look(Number(name)) : []))
  const found = all.filter(({ pid }) => pid === root)
  for (const parent of found) found.push(...all.filter((one) => one.parent === parent.pid))
  return found
}

function look(pid: number): OneProcess[] {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '')
    const fields = stat.split(' ').map(Number)
    const [user = 0, system = 0, userOfEnded = 0, systemOfEnded = 0] = fields.slice(11, 15)
    const cpuSeconds = (user + system) / TICKS_PER_SECOND
    return [
      { pid, parent: fields[1]!, cpuSeconds, cpuSecondsOfEnded: (userOfEnded + systemOfEnded) / TICKS_PER_SECOND },
    ]
  } catch {
    // It has ended.
    return []
  }
}

interface Memory {
  readonly proportionalKiB: number
  readonly ownKiB: number
  readonly sharedKiB: number
}

function memoryOf(pid: number): Memory {
  try {
    const text = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    const sum = (name: RegExp): number => [...text.matchAll(name)].reduce((all, [, kib]) => all + Number(kib), 0)
    return {
      proportionalKiB: sum(/^Pss:\s+(\d+)/gm),
      ownKiB: sum(/^Private_(?:Clean|Dirty):\s+(\d+)/gm),
      sharedKiB: sum(/^Shared_(?:Clean|Dirty):\s+(\d+)/gm),
    }
  } catch {
    // It has ended.
    return { proportionalKiB: 0, ownKiB: 0, sharedKiB: 0 }
  }
}
