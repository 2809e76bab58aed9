import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from './file-errors.ts'
import type { ListOptions, ObjectFacts } from './object-store.ts'
import { RESERVED_PREFIX, checkWanted, compareUtf8 } from './object-path.ts'

/**
 * The files below `root` whose path begins with `prefix`, in the order of their UTF-8 paths, read folder by folder as they
 * are asked for. A folder sorts as its name with the slash behind it, which makes a walk in depth come out in path order.
 */
export async function* listFolder(
  root: string,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ObjectFacts, void, undefined> {
  const slash = prefix.lastIndexOf('/')
  yield* walk(root, prefix.slice(0, slash + 1), prefix, options)
}

async function* walk(
  root: string,
  folder: string,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ObjectFacts, void, undefined> {
  checkWanted(options, `The listing of ${prefix}`)
  const { startAfter } = options
  for (const { path, isFolder } of await entriesOf(root, folder)) {
    if (isFolder) {
      const apart = startAfter !== undefined && !startAfter.startsWith(path) && compareUtf8(path, startAfter) < 0
      if (!apart && (path.startsWith(prefix) || prefix.startsWith(path))) yield* walk(root, path, prefix, options)
    } else if (path.startsWith(prefix) && (startAfter === undefined || compareUtf8(path, startAfter) > 0)) {
      const facts = await orMissing(stat(join(root, path)))
      if (facts?.isFile() === true) yield { path, size: facts.size, modifiedMs: facts.mtimeMs }
    }
  }
}

interface Entry {
  readonly path: string
  readonly isFolder: boolean
}

async function entriesOf(root: string, folder: string): Promise<readonly Entry[]> {
  const found = await orMissing(readdir(join(root, folder), { withFileTypes: true }))
  const entries: Entry[] = []
  for (const dirent of found ?? []) {
    if (dirent.name.startsWith(RESERVED_PREFIX)) continue
    const isFolder = await leadsToFolder(dirent, root, folder)
    entries.push({ path: folder + dirent.name + (isFolder ? '/' : ''), isFolder })
  }
  return entries.toSorted((a, b) => compareUtf8(a.path, b.path))
}

async function leadsToFolder(dirent: Dirent, root: string, folder: string): Promise<boolean> {
  if (!dirent.isSymbolicLink()) return dirent.isDirectory()
  const facts = await orMissing(stat(join(root, folder, dirent.name)))
  return facts?.isDirectory() ?? false
}

/** What vanished between two calls, or was never there, is not listed. */
async function orMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}
