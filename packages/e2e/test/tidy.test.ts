/** The house style, as far as a machine can see it. Each failure names the place and what to do. */
import { describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import path from 'node:path'
import { ERROR_CODES } from '@sluice/sdk'
import { codeOnly, filesEndingIn, packageFolders, root, type HouseFile } from './support/house-files.ts'
import { brokenLinks } from './support/markdown-links.ts'

const LINES_MAX = 400

const code = filesEndingIn(['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'])
const sources = code.filter(({ path: at }) => /^(packages|connectors|processors)\/[^/]+\/src\//.test(at))
const pages = filesEndingIn(['.md'])

/** `path:line: text` of each line of code (comments and texts left out) in which the pattern occurs. */
function places(files: readonly HouseFile[], pattern: RegExp): readonly string[] {
  return files.flatMap((file) => linesOf(file, codeOnly(file.text), pattern))
}

/** The same, with comments and texts. */
function placesAnywhere(files: readonly HouseFile[], pattern: RegExp): readonly string[] {
  return files.flatMap((file) => linesOf(file, file.text, pattern))
}

function linesOf(file: HouseFile, text: string, pattern: RegExp): readonly string[] {
  return text.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${file.path}:${i + 1}: ${line.trim()}`] : []))
}

describe('source files', () => {
  test(`have at most ${LINES_MAX} lines: a longer one holds two things that want names of their own`, () => {
    const long = sources.map(({ path: at, text }) => ({ at, lines: text.trimEnd().split('\n').length }))
    expect(long.filter(({ lines }) => lines > LINES_MAX).map(({ at, lines }) => `${at}: ${lines}`)).toEqual([])
  })

  test('leave nothing to be done later: what is missing is written down where it is planned, not in the code', () => {
    const marks = /\b(?:T[O]DO|FIX[M]E)\b/
    expect(placesAnywhere([...code, ...pages], marks)).toEqual([])
  })

  test('have no `any`: unknown is what has to be looked at first, and a type what is known', () => {
    const any = /(?:[:<|&]\s*|\b(?:as|extends|is)\s+)any\b(?!\s*[:?(])|,\s*any\s*[,>]|\bany\[\]/
    expect(places(code, any)).toEqual([])
  })

  test('do not silence the compiler', () => {
    expect(placesAnywhere(code, /@ts[-](?:ignore|nocheck)/)).toEqual([])
  })

  test('say what they have to say through a logger: only the command line writes to the console', () => {
    const libraries = sources.filter(({ path: at }) => !at.startsWith('packages/cli/'))
    expect(places(libraries, /\bconsole\.\w+/)).toEqual([])
  })

  test('run all their tests: none is singled out', () => {
    expect(places(code, /\b(?:test|it|describe)\.only\b/)).toEqual([])
  })
})

describe('names', () => {
  const KEBAB = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:integration|vectors|config|base))*(?:\.test)?\.[a-z]+$/
  /** Modules of Python, which names them so. */
  const SNAKE = /^[a-z0-9]+(?:_[a-z0-9]+)*\.py$/
  const GIVEN = new Set(['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'])

  test('of files are kebab-case, and name what the file exports', () => {
    const files = filesEndingIn(['.ts', '.mjs', '.cjs', '.js', '.json', '.md', '.sh', '.py'])
    const odd = files.filter(
      ({ name }) => !name.startsWith('.') && !GIVEN.has(name) && !KEBAB.test(name) && !SNAKE.test(name),
    )
    expect(odd.map(({ path: at }) => at)).toEqual([])
  })

  test('of files promise something: no drawer for whatever has no place', () => {
    const drawers = sources.filter(({ name }) => /^(?:utils?|helpers?|common|misc|manager|types)\.ts$/.test(name))
    expect(drawers.map(({ path: at }) => at)).toEqual([])
  })
})

describe('error codes', () => {
  test('are each raised somewhere: the catalogue promises nothing that cannot happen', () => {
    const text = sources.map((file) => file.text).join('\n')
    const raised = new Set([...text.matchAll(/(?<![!=]==? )'([A-Z_]+)'/g)].map(([, word]) => word!))
    expect(Object.keys(ERROR_CODES).filter((name) => !raised.has(name))).toEqual([])
  })
})

describe('documents', () => {
  test.each(packageFolders())('%s has a README.md: what it is, and where to begin', (folder) => {
    expect(fs.existsSync(path.join(root, folder, 'README.md'))).toBe(true)
  })

  test('link to what is there', () => {
    expect(brokenLinks(pages)).toEqual([])
  })

  test('name no place of the machine they were written on', () => {
    expect(placesAnywhere(pages, /\/(?:work|root|home|Users|tmp)\/|\.\.\/shared/)).toEqual([])
  })
})
