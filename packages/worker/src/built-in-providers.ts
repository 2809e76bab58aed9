/** The config providers that are always there: Apache Kafka's three, by KIP-297 and KIP-421. */
import fs from 'node:fs/promises'
import { constants, type Stats } from 'node:fs'
import path from 'node:path'
import { SluiceError, type RawSettings } from '@sluice/sdk'
import type { ConfigProviderFactory, ProvidedValues } from './config-providers.ts'
import { parseProperties } from './properties.ts'
import { Turns } from './turns.ts'

const NOTHING: ProvidedValues = { values: {}, ttlMs: null }

/**
 * A read that hangs keeps a thread, and Node has four for all files and for the names of all hosts. However many paths hang, they keep
 * two; other paths wait behind them, and Kafka is reached all the same.
 */
const TURNS = new Turns(2)

/** `path` is a properties file. `allowed.paths`: the files and folders that it may be, or be in. */
function fileProvider(params: RawSettings): ReturnType<ConfigProviderFactory> {
  const allowed = listOf(params['allowed.paths'])
  return {
    get: (file, keys) =>
      TURNS.run(async () => {
        if (!(await isAllowed(file, allowed))) return NOTHING
        const values = parseProperties(await read(file))
        return picked(keys, (key) => (Object.hasOwn(values, key) ? values[key] : undefined))
      }),
  }
}

/** `path` is a folder, a key the name of a file in it, whose whole content is the value. `allowed.paths` as above. */
function directoryProvider(params: RawSettings): ReturnType<ConfigProviderFactory> {
  const allowed = listOf(params['allowed.paths'])
  return {
    get: (folder, keys) =>
      TURNS.run(async () => {
        const values = new Map<string, string>()
        for (const key of keys) {
          const file = path.join(folder, key)
          if (path.basename(key) !== key || key === '..' || !(await isAllowed(file, allowed))) continue
          const found = await fs.stat(file).catch(() => null)
          if (found?.isFile() === true) values.set(key, await read(file))
        }
        return picked(keys, (key) => values.get(key))
      }),
  }
}

/** A key is the name of an environment variable; there is no path. `allowlist.pattern`: what its whole name has to match. */
function environmentProvider(params: RawSettings): ReturnType<ConfigProviderFactory> {
  const pattern = params['allowlist.pattern']
  const allowed = pattern === undefined ? /^/ : new RegExp(`^(?:${pattern})$`)
  return {
    async get(at, keys) {
      if (at !== '')
        throw new SluiceError(
          'SETTINGS_INVALID',
          `Path is not supported for EnvVarConfigProvider, invalid value '${at}'`,
          { remedy: 'Write ${provider:NAME}.' },
        )
      return picked(keys, (key) => (allowed.test(key) ? process.env[key] : undefined))
    },
  }
}

/** By the last word of their class: Java's, or ours. */
export const BUILT_IN: ReadonlyMap<string, ConfigProviderFactory> = new Map([
  ['FileConfigProvider', fileProvider],
  ['DirectoryConfigProvider', directoryProvider],
  ['EnvVarConfigProvider', environmentProvider],
])

/** The elements of a setting that is a list. */
export function listOf(text: string | undefined): readonly string[] {
  const elements = (text ?? '').split(',').map((element) => element.trim())
  return elements.filter((element) => element !== '')
}

function picked(keys: readonly string[], value: (key: string) => string | undefined): ProvidedValues {
  const found = keys.flatMap((key) => {
    const given = value(key)
    return given === undefined ? [] : [[key, given] as const]
  })
  return { values: Object.fromEntries(found), ttlMs: null }
}

/** Links are followed first: what counts is what is read. */
async function isAllowed(file: string, allowed: readonly string[]): Promise<boolean> {
  if (allowed.length === 0) return true
  const real = await fs.realpath(file).catch(() => path.resolve(file))
  for (const place of allowed) {
    const root = await fs.realpath(place).catch(() => path.resolve(place))
    if (real === root || real.startsWith(root.endsWith(path.sep) ? root : root + path.sep)) return true
  }
  return false
}

/** Of regular files alone: opening a FIFO waits for whoever writes to it, and a device may have no end. */
async function read(file: string): Promise<string> {
  try {
    refuseOthers(file, await fs.stat(file))
    // It may have become another since; nothing is waited for then either.
    const handle = await fs.open(file, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      refuseOthers(file, await handle.stat())
      return await handle.readFile('utf8')
    } finally {
      await handle.close()
    }
  } catch (cause) {
    if (cause instanceof SluiceError) throw cause
    throw new SluiceError('SETTINGS_INVALID', `A config provider cannot read ${file}`, {
      cause,
      remedy: 'Check that the file is there and may be read by the user that the worker runs as.',
    })
  }
}

function refuseOthers(file: string, found: Stats): void {
  if (found.isFile()) return
  const what = found.isFIFO() ? 'a FIFO' : found.isDirectory() ? 'a folder' : 'a device or a socket'
  throw new SluiceError(
    'SETTINGS_INVALID',
    `A config provider cannot read ${file}: it is ${what}, not a regular file`,
    {
      remedy: 'Have the values written to a file, and name that.',
    },
  )
}
