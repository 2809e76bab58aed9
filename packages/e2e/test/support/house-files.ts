/** The files of this repository that somebody wrote by hand. */
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../../../..', import.meta.url))

export interface HouseFile {
  /** From the root, with slashes. */
  readonly path: string
  readonly name: string
  readonly text: string
}

const NOT_OURS = new Set(['node_modules', 'dist', 'vectors', 'coverage', '.git', '.sluice', '.cache'])
const SHELVES = ['packages', 'connectors', 'processors']

/** All files below the root, or below a folder of it, that end in one of these. */
export function filesEndingIn(endings: readonly string[], below = '.'): readonly HouseFile[] {
  return pathsBelow(path.join(root, below))
    .filter((file) => endings.some((ending) => file.endsWith(ending)))
    .map((file) => ({
      path: path.relative(root, file).replaceAll(path.sep, '/'),
      name: path.basename(file),
      text: fs.readFileSync(file, 'utf8'),
    }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/** The folders of packages, connectors and processors, from the root. */
export function packageFolders(): readonly string[] {
  return SHELVES.flatMap((shelf) =>
    fs
      .readdirSync(path.join(root, shelf))
      .map((folder) => `${shelf}/${folder}`)
      .filter((folder) => fs.existsSync(path.join(root, folder, 'package.json'))),
  )
}

function pathsBelow(dir: string): readonly string[] {
  return fs.readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return []
    const full = path.join(dir, entry.name)
    if (entry.isDirectory()) return pathsBelow(full)
    return entry.isFile() ? [full] : []
  })
}

/** Code without comments and without what stands between quotes, line by line as it was. */
export function codeOnly(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .split('\n')
    .map((line) => line.replace(/(['"`])(?:\\.|(?!\1)[^\\])*\1/g, "''").replace(/(^|\s)\/\/.*$/, ''))
    .join('\n')
}
