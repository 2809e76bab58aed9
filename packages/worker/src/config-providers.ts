/**
 * Values that are kept elsewhere (KIP-297): `${provider:path:key}` or `${provider:key}` in a setting stands for a value of the
 * provider of that name, which the worker's `config.providers` declares. They are put in where settings are used, and never stored. How
 * long they hold is for a provider to say, or for whoever declares it: `config.providers.NAME.param.ttl.ms`.
 */
import { SluiceError, systemClock, type Clock, type RawSettings } from '@sluice/sdk'
import { BUILT_IN, listOf } from './built-in-providers.ts'
import { ProviderReads, type Place } from './provider-reads.ts'
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
  /** The values themselves, of which nothing that is told may speak: `clean` takes them out of texts. */
  readonly values: ReadonlySet<string>
  /** When the first of the values runs out; null: never. */
  readonly ttlMs: number | null
}

export class ConfigProviders {
  readonly #providers: ReadonlyMap<string, ConfigProvider>
  readonly #reads: ProviderReads

  private constructor(providers: ReadonlyMap<string, ConfigProvider>, clock: Clock) {
    this.#providers = providers
    this.#reads = new ProviderReads(clock)
  }

  /**
   * The providers that a worker declares.
   * @param more providers beside the built-in ones, by what `class` says
   * @throws SluiceError SETTINGS_INVALID for one without a class, or with one that is not known
   */
  static of(
    worker: RawSettings,
    more: Readonly<Record<string, ConfigProviderFactory>> = {},
    clock: Clock = systemClock,
  ): ConfigProviders {
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
    return new ConfigProviders(new Map(names.map(make)), clock)
  }

  /**
   * Puts the values in. A variable of an unknown provider, or of a key that is not there, stays as it is; a value that looks like a
   * variable is not looked at again. A read that another has begun for the same path is shared.
   * @throws SluiceError SETTINGS_INVALID when a provider cannot read; STORE_UNAVAILABLE when it does not answer in time
   */
  async resolve(settings: RawSettings): Promise<ResolvedSettings> {
    const wanted = this.#wanted(settings)
    if (wanted.size === 0) return { settings, provided: new Set(), values: new Set(), ttlMs: null }
    const found = new Map<string, ProvidedValues>()
    for (const [place, { keys, ...at }] of wanted) found.set(place, await this.#reads.get(at, [...keys]))
    const provided = new Set<string>()
    const put = new Set<string>()
    const resolved = Object.entries(settings).map(([setting, text]) => {
      const whole = replaceVariables(text, (variable) => {
        const values = found.get(placeOf(variable))?.values
        if (values === undefined || !Object.hasOwn(values, variable.key)) return undefined
        provided.add(setting)
        put.add(values[variable.key]!)
        return values[variable.key]
      })
      return [setting, whole] as const
    })
    const ttls = [...found.values()].flatMap(({ ttlMs }) => ttlMs ?? [])
    const ttlMs = ttls.length === 0 ? null : Math.min(...ttls)
    return { settings: Object.fromEntries(resolved), provided, values: put, ttlMs }
  }

  #wanted(settings: RawSettings): ReadonlyMap<string, Wanted> {
    const wanted = new Map<string, Wanted>()
    for (const text of Object.values(settings)) {
      replaceVariables(text, (variable) => {
        const provider = this.#providers.get(variable.provider)
        if (provider === undefined) return undefined
        const place = placeOf(variable)
        const { provider: name, path } = variable
        const known = wanted.get(place) ?? { name, provider, path, keys: new Set<string>() }
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

interface Wanted extends Place {
  readonly keys: Set<string>
}

function placeOf({ provider, path: at }: Variable): string {
  return `${provider}:${at}`
}

function lastWord(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}
