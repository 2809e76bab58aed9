/** A worker and the cells that it has started, which a signal to the worker alone does not reach. */
import fs from 'node:fs'

/** Process ids of those that a process has started, and of those that these have, as they are now. */
export function descendantsOf(pid: number): readonly number[] {
  const children = new Map<number, number[]>()
  for (const name of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const parent = parentOf(Number(name))
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const found: number[] = []
  for (let waiting = children.get(pid) ?? []; waiting.length > 0;) {
    found.push(...waiting)
    waiting = waiting.flatMap((one) => children.get(one) ?? [])
  }
  return found
}

/** A process that has ended in the meantime is no error. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

function parentOf(pid: number): number {
  try {
    return Number(/\) \w (\d+)/.exec(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? -1)
  } catch {
    return -1
  }
}
