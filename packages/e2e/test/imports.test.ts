/** The house's walls: which package may import which, and that what is imported is declared. */
import { describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** What is not written here is not meant to happen. `connector-*` and `processor-*` stand for all that are not named. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  sdk: [],
  'kafka-protocol': [],
  kafka: ['sdk', 'kafka-protocol'],
  'embedded-kafka': ['kafka-protocol'],
  'schema-registry': ['sdk', 'kafka'],
  codecs: ['sdk', 'schema-registry'],
  transforms: ['sdk'],
  quality: ['sdk'],
  'object-store': ['sdk'],
  lake: ['sdk', 'object-store'],
  streams: ['sdk', 'kafka', 'codecs', 'quality', 'object-store'],
  worker: ['sdk', 'kafka', 'schema-registry', 'codecs', 'transforms', 'quality', 'streams'],
  cli: [
    'sdk',
    'kafka',
    'embedded-kafka',
    'schema-registry',
    'codecs',
    'transforms',
    'quality',
    'streams',
    'worker',
    'lake',
    'object-store',
    'connector-*',
    'processor-*',
  ],
  'connector-*': ['sdk', 'lake', 'codecs', 'object-store', 'schema-registry'],
  'connector-mirror': ['sdk', 'kafka'],
  'processor-*': ['streams', 'quality', 'codecs', 'sdk'],
}

interface Package {
  readonly name: string
  readonly dir: string
  readonly kind: string
  readonly manifest: {
    readonly dependencies?: Readonly<Record<string, string>>
    readonly devDependencies?: Readonly<Record<string, string>>
    readonly optionalDependencies?: Readonly<Record<string, string>>
  }
}

const packages: readonly Package[] = ['packages', 'connectors', 'processors'].flatMap((shelf) =>
  fs.readdirSync(path.join(root, shelf)).flatMap((folder) => {
    const dir = path.join(root, shelf, folder)
    if (!fs.existsSync(path.join(dir, 'package.json'))) return []
    const manifest = JSON.parse(fs.readFileSync(path.join(dir, 'package.json'), 'utf8')) as Package['manifest'] & {
      name: string
    }
    const name = manifest.name.replace('@sluice/', '')
    const shelfKind = shelf === 'connectors' ? 'connector-*' : shelf === 'processors' ? 'processor-*' : name
    const kind = Object.hasOwn(MAY_IMPORT, name) ? name : shelfKind
    return [{ name, dir, kind, manifest }]
  }),
)
const housed = packages.filter(({ name }) => name !== 'e2e')

function filesBelow(dir: string): string[] {
  if (!fs.existsSync(dir)) return []
  return fs
    .readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !file.includes('node_modules'))
    .map((file) => path.join(dir, file))
}

/** Everything a file imports, by its specifier. */
function importsOf(file: string): string[] {
  const text = fs.readFileSync(file, 'utf8')
  const statements = text.matchAll(
    /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\('([^']+)'\)/gm,
  )
  return [...statements].map((match) => match[1] ?? match[2] ?? match[3]!)
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

describe('the house', () => {
  test('every package is in the table', () => {
    expect(housed.filter(({ kind }) => MAY_IMPORT[kind] === undefined).map(({ name }) => name)).toEqual([])
  })

  test.each(housed.map((item) => [item.name, item] as const))('%s imports only what it may', (_, { dir, kind }) => {
    const allowed = MAY_IMPORT[kind]!
    const offences = filesBelow(path.join(dir, 'src')).flatMap((file) =>
      importsOf(file)
        .filter((specifier) => specifier.startsWith('@sluice/'))
        .map((specifier) => packageOf(specifier).replace('@sluice/', ''))
        .filter((name) => !allowed.includes(name) && !allowed.includes(name.replace(/-.*/, '-*')))
        .map((name) => `${path.relative(root, file)} → ${name}`),
    )
    expect(offences).toEqual([])
  })

  test.each(housed.map((item) => [item.name, item] as const))(
    '%s declares what its sources import',
    (_, { dir, manifest, name }) => {
      const declared = new Set([
        ...Object.keys(manifest.dependencies ?? {}),
        ...Object.keys(manifest.optionalDependencies ?? {}),
      ])
      const undeclared = filesBelow(path.join(dir, 'src')).flatMap((file) =>
        importsOf(file)
          .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
          .map(packageOf)
          .filter((specifier) => !declared.has(specifier) && specifier !== `@sluice/${name}`)
          .map((specifier) => `${path.relative(root, file)} → ${specifier}`),
      )
      expect(undeclared).toEqual([])
    },
  )

  test.each(housed.map((item) => [item.name, item] as const))(
    '%s builds after what it depends on',
    (_, { dir, manifest }) => {
      const config = JSON.parse(fs.readFileSync(path.join(dir, 'tsconfig.json'), 'utf8')) as {
        readonly references?: readonly { readonly path: string }[]
      }
      const referenced = (config.references ?? []).map(({ path: to }) => path.resolve(dir, to)).toSorted()
      const dependencies = Object.keys(manifest.dependencies ?? {})
        .filter((name) => name.startsWith('@sluice/'))
        .map((name) => packages.find((item) => `@sluice/${item.name}` === name)!.dir)
        .toSorted()
      expect(referenced).toEqual(dependencies)
    },
  )

  // For an ES module's view of http Node loads all of fetch (40 ms, 13 MiB), for that of tls half as much again: programs that need neither
  // must not pay at their start. `process.getBuiltinModule` has them where they are used, without fetch.
  test('no source imports http or tls', () => {
    const offences = packages.flatMap(({ dir }) =>
      filesBelow(path.join(dir, 'src'))
        .filter((file) => !file.includes(`${path.sep}testing${path.sep}`))
        .filter((file) =>
          /^import (?!type\b)[^']*'node:(?:https?|http2|tls)'|\bimport\('node:(?:https?|http2|tls)'\)/m.test(
            fs.readFileSync(file, 'utf8'),
          ),
        )
        .map((file) => path.relative(root, file)),
    )
    expect(offences).toEqual([])
  })

  test('no source reaches into another package past its door', () => {
    const offences = packages.flatMap(({ dir }) =>
      filesBelow(path.join(dir, 'src')).flatMap((file) =>
        importsOf(file)
          .filter(
            (specifier) =>
              /^@sluice\/[^/]+\/(src|dist)/.test(specifier) ||
              path.relative(dir, path.resolve(path.dirname(file), specifier)).startsWith('..'),
          )
          .filter((specifier) => specifier.startsWith('.') || specifier.startsWith('@sluice/'))
          .map((specifier) => `${path.relative(root, file)} → ${specifier}`),
      ),
    )
    expect(offences).toEqual([])
  })
})
