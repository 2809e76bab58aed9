import { expect, test } from '@jest/globals'
import fs from 'node:fs'
import path from 'node:path'

const SRC = path.join(import.meta.dirname, '../src')
/** What every command may load; the rest is imported where it is used. */
const LIGHT: ReadonlySet<string> = new Set(['@sluice/sdk'])

test('a command loads what only another one needs when that one runs: all of them are loaded at each start', () => {
  const files = ['commands', 'command-line', 'connect', 'topics'].flatMap((folder) =>
    fs.readdirSync(path.join(SRC, folder)).map((name) => `${folder}/${name}`),
  )
  const heavy = files.flatMap((file) => {
    const text = fs.readFileSync(path.join(SRC, file), 'utf8')
    const imports = [...text.matchAll(/^import (?!type )[^'"]*?from '([^'.][^']*)'/gm)].map(([, module]) => module!)
    return imports
      .filter((module) => !module.startsWith('node:') && !LIGHT.has(module))
      .map((module) => `${file}: ${module}`)
  })
  expect(files.length).toBeGreaterThan(30)
  expect(heavy).toEqual([])
})
