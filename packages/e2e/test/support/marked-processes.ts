/**
 * Processes by a mark in their environment. Whatever they start inherits it, so it finds also those that name no folder and whose parent
 * has gone: cells, and what connectors have started.
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'

const MARK = 'SLUICE_RUN'

/** The environment to start them with. */
export function markedBy(mark: string): NodeJS.ProcessEnv {
  return { ...process.env, [MARK]: mark }
}

/** Process id and command of each that lives and whose mark begins so. Where the system does not show environments: those whose command names it. */
export function processesMarked(beginning: string): readonly string[] {
  if (!fs.existsSync('/proc/self/environ')) {
    const found = spawnSync('pgrep', ['-fl', beginning], { encoding: 'utf8' }).stdout.split('\n')
    return found.filter((line) => line !== '')
  }
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const isMarked = read(`/proc/${pid}/environ`).some((line) => line.startsWith(`${MARK}=${beginning}`))
      return isMarked ? [`${pid} ${read(`/proc/${pid}/cmdline`).join(' ')}`] : []
    })
}

/** What stands between NULs; nothing of a process that has ended, or is somebody else's. */
function read(file: string): readonly string[] {
  try {
    return fs.readFileSync(file, 'utf8').split('\0')
  } catch {
    return []
  }
}
