/** What a process and all that it has started have used: from /proc. */
import fs from 'node:fs'

const MIB = 1024 * 1024
const PAGE_BYTES = 4096

/** User and system time in seconds, of those that have ended and were waited for too. */
export function cpuSecondsOfTree(pid: number): number {
  return tree(pid).reduce((sum, one) => sum + one.cpuSeconds, 0)
}

export function residentMiBOfTree(pid: number): number {
  return tree(pid).reduce((sum, one) => sum + one.residentBytes, 0) / MIB
}

interface OneProcess {
  readonly pid: number
  readonly parent: number
  readonly cpuSeconds: number
  readonly residentBytes: number
}

function tree(root: number): readonly OneProcess[] {
  const all = fs.readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? look(Number(name)) : []))
  const found = all.filter(({ pid }) => pid === root)
  for (const parent of found) found.push(...all.filter((one) => one.parent === parent.pid))
  return found
}

function look(pid: number): OneProcess[] {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '')
    const fields = stat.split(' ').map(Number)
    const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0)
    return [{ pid, parent: fields[1]!, cpuSeconds: ticks / 100, residentBytes: fields[21]! * PAGE_BYTES }]
  } catch {
    // It has ended.
    return []
  }
}
