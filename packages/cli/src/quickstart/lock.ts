import fs from 'node:fs'
import path from 'node:path'
import { SluiceError } from '@sluice/sdk'

/**
 * One quickstart at a time in one folder: a file with our process id. The file of a process that no longer lives is taken over.
 * @returns what gives the folder back
 * @throws SluiceError STORE_UNAVAILABLE naming the process that has it
 */
export function lockFolder(dir: string): () => void {
  fs.mkdirSync(dir, { recursive: true })
  const file = path.join(dir, 'lock')
  for (;;) {
    try {
      fs.writeFileSync(file, String(process.pid), { flag: 'wx' })
      return () => fs.rmSync(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const owner = Number(fs.readFileSync(file, 'utf8'))
    if (isAlive(owner)) {
      throw new SluiceError('STORE_UNAVAILABLE', `Another quickstart (process ${owner}) is running in ${dir}`, {
        remedy: 'Wait for it, stop it with Ctrl-C, or give another folder with --dir.',
      })
    }
    fs.rmSync(file, { force: true })
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
