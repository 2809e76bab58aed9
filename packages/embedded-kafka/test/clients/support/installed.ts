import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const { resolve } = createRequire(import.meta.url)

/** The version of a package that is installed here. */
export function installedVersion(name: string): string {
  for (let folder = path.dirname(resolve(name)); ; folder = path.dirname(folder)) {
    try {
      const found = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
        name?: string
        version: string
      }
      if (found.name === name) return found.version
    } catch (error) {
      if (folder === path.dirname(folder)) throw error
    }
  }
}
