/**
 * Values that are kept elsewhere (KIP-297): `${provider:path:key}` or `${provider:key}` in a setting stands for a value of the
 * provider of that name, which the worker's `config.providers` declares. They are put in where settings are used, and never stored. How
 * long they hold is for a provider to say, or for whoever declares it: `config.providers.NAME.param.ttl.ms`.
 */
import fs from 'node:fs/promises'
import path from 'node:path'
import { SluiceError, type RawSettings } from '@sluice/sdk'
import { parseProperties } from './properties.ts'
import { below } from './settings.ts'
import { replaceVariables, type Variable } from './variables.ts'

/** Values of a path, and for how long they hold; null: until they are asked for again. */
export interface ProvidedValues {
  readonly values: Readonly<Record<string, string>>
  readonly ttlMs: number | null
}

export interface ConfigProvider {
  /** Those of the keys that there are. @throws SluiceError SETTINGS_INVALID when the path cannot be read */
  get(path: string, keys: readonly string[]): Promise<ProvidedValues>
}

/** Makes a provider from what stands below `config.providers.NAME.param.`. */
export type ConfigProviderFactory = (params: RawSettings) => ConfigProvider

export interface ResolvedSettings {
  readonly settings: RawSettings
  /** The settings that hold a value of a provider: not to be shown, logged or stored. */
  readonly provided: ReadonlySet<string>
  /** When the first of the values runs out; null: never. */
  readonly ttlMs: number | null
}

export class ConfigProviders {
  readonly #providers: ReadonlyMap<string, ConfigProvider>

  private constructor(providers: ReadonlyMap<string, ConfigProvider>) {
    this.#providers = providers
  }

  /**
   * The providers that a worker declares.
   * @param more providers beside the built-in ones, by what `class` says
   * @throws SluiceError SETTINGS_INVALID for one without a class, or with one that is not known
   */
  static of(worker: RawSettings, more: Readonly<Record<string, ConfigProviderFactory>> = {}): ConfigProviders {
    const names = listOf(worker['config.providers'])
    const make = (name: string): readonly [string, ConfigProvider] => {
      const setting = `config.providers.${name}.class`
      const given = worker[setting]
      const factory = given === undefined ? undefined : (more[given] ?? BUILT_IN.get(lastWord(given)))
      if (factory !== undefined) return [name, made(name, factory, below(`config.providers.${name}.param.`, worker))]
      const what = given === undefined ? `Missing ${setting}` : `No config provider is called "${given}"`
      throw new SluiceError('SETTINGS_INVALID', what, {
        remedy: `Set ${setting} to one of ${[...BUILT_IN.keys(), ...Object.keys(more)].join(', ')}.`,
      })
    }
    return new ConfigProviders(new Map(names.map(make)))
  }

  /**
   * Puts the values in. A variable of an unknown provider, or of a key that is not there, stays as it is; a value that looks like a
   * variable is not looked at again. @throws SluiceError SETTINGS_INVALID when a provider cannot read
   */
  async resolve(settings: RawSettings): Promise<ResolvedSettings> {
    const wanted = this.#wanted(settings)
    if (wanted.size === 0) return { settings, provided: new Set(), ttlMs: null }
    const found = new Map<string, ProvidedValues>()
    for (const [place, { provider, path: at, keys }] of wanted) found.set(place, await provider.get(at, [...keys]))
    const provided = new Set<string>()
    const resolved = Object.entries(settings).map(([setting, text]) => {
      const put = replaceVariables(text, (variable) => {
        const values = found.get(placeOf(variable))?.values
        if (values === undefined || !Object.hasOwn(values, variable.key)) return undefined
        provided.add(setting)
        return values[variable.key]
      })
      return [setting, put] as const
    })
    const ttls = [...found.values()].flatMap(({ ttlMs }) => ttlMs ?? [])
    return { settings: Object.fromEntries(resolved), provided, ttlMs: ttls.length === 0 ? null : Math.min(...ttls) }
  }

  #wanted(settings: RawSettings): ReadonlyMap<string, Wanted> {
    const wanted = new Map<string, Wanted>()
    for (const text of Object.values(settings)) {
      replaceVariables(text, (variable) => {
        const provider = this.#providers.get(variable.provider)
        if (provider === undefined) return undefined
        const place = placeOf(variable)
        const known = wanted.get(place) ?? { provider, path: variable.path, keys: new Set<string>() }
        known.keys.add(variable.key)
        wanted.set(place, known)
        return undefined
      })
    }
    return wanted
  }
}

function made(name: string, factory: ConfigProviderFactory, params: RawSettings): ConfigProvider {
  const provider = factory(params)
  const given = params['ttl.ms']
  if (given === undefined) return provider
  const most = Number(given)
  if (!Number.isSafeInteger(most) || most < 1)
    throw new SluiceError('SETTINGS_INVALID', `config.providers.${name}.param.ttl.ms is "${given}"`, {
      remedy: 'Give the milliseconds after which its values are asked for again, or leave it out: they hold for ever.',
    })
  return {
    async get(at, keys) {
      const { values, ttlMs } = await provider.get(at, keys)
      return { values, ttlMs: ttlMs === null ? most : Math.min(ttlMs, most) }
    },
  }
}

interface Wanted {
  readonly provider: ConfigProvider
  readonly path: string
  readonly keys: Set<string>
}

function placeOf({ provider, path: at }: Variable): string {
  return `${provider}:${at}`
}

/** `path` is a properties file. `allowed.paths`: the files and folders that it may be, or be in. */
function fileProvider(params: RawSettings): ConfigProvider {
  const allowed = listOf(params['allowed.paths'])
  return {
    async get(file, keys) {
      if (!(await isAllowed(file, allowed))) return NOTHING
      const values = parseProperties(await read(file))
      return picked(keys, (key) => (Object.hasOwn(values, key) ? values[key] : undefined))
    },
  }
}

/** `path` is a folder, a key the name of a file in it, whose whole content is the value. `allowed.paths` as above. */
function directoryProvider(params: RawSettings): ConfigProvider {
  const allowed = listOf(params['allowed.paths'])
  return {
    async get(folder, keys) {
      const values = new Map<string, string>()
      for (const key of keys) {
        const file = path.join(folder, key)
        if (path.basename(key) !== key || key === '..' || !(await isAllowed(file, allowed))) continue
        const found = await fs.stat(file).catch(() => null)
        if (found?.isFile() === true) values.set(key, await read(file))
      }
      return picked(keys, (key) => values.get(key))
    },
  }
}

/** A key is the name of an environment variable; there is no path. `allowlist.pattern`: what its whole name has to match. */
function environmentProvider(params: RawSettings): ConfigProvider {
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
const BUILT_IN: ReadonlyMap<string, ConfigProviderFactory> = new Map([
  ['FileConfigProvider', fileProvider],
  ['DirectoryConfigProvider', directoryProvider],
  ['EnvVarConfigProvider', environmentProvider],
])

const NOTHING: ProvidedValues = { values: {}, ttlMs: null }

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

async function read(file: string): Promise<string> {
  try {
    return await fs.readFile(file, 'utf8')
  } catch (cause) {
    throw new SluiceError('SETTINGS_INVALID', `A config provider cannot read ${file}`, {
      cause,
      remedy: 'Check that the file is there and may be read by the user that the worker runs as.',
    })
  }
}

function lastWord(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

function listOf(text: string | undefined): readonly string[] {
  const elements = (text ?? '').split(',').map((element) => element.trim())
  return elements.filter((element) => element !== '')
}
