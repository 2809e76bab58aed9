import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf } from './file-errors.ts'

/**
 * Makes the folder and those above it. Not `mkdir` with `recursive`: that one never returns where the system answers ENOENT
 * below a folder that exists, as /proc does.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdirUnlessThere(folder)
  } catch (error) {
    const parent = dirname(folder)
    if (errnoOf(error) !== 'ENOENT' || parent === folder) throw error
    await makeFolder(parent)
    await mkdirUnlessThere(folder)
  }
}

/** Puts the folder's entries on the disk: after this, a name in it survives a power cut. */
export async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function mkdirUnlessThere(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
}
