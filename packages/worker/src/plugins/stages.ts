/** A connector's converters and transforms, made from its settings: when a task starts, and before, to see that they are right. */
import { SluiceError, type Converter, type RawSettings, type Transform } from '@sluice/sdk'
import type { Converters, Part } from '../record-path/convert.ts'
import { compileChain, type TransformStep } from '../record-path/transform-chain.ts'
import { below, HEADER_CONVERTER } from '../settings.ts'
import type { Plugins } from './catalogue.ts'
import { parseVersionRange } from './version-range.ts'

/**
 * The three converters: the connector's own where it names one, else the worker's. Settings below `value.converter.` belong to
 * whoever named the converter.
 */
export function makeConverters(plugins: Plugins, worker: RawSettings, connector: RawSettings): Converters {
  const make = (part: Part): Converter =>
    makeConverter(plugins, part, connector[`${part}.converter`] === undefined ? worker : connector)
  return { key: make('key'), value: make('value'), header: make('header') }
}

/** When a task ends, or is left behind: what waits for a registry ends. */
export function closeConverters({ key, value, header }: Converters): void {
  for (const converter of [key, value, header]) converter.close?.()
}

/** The converter that `owner` names for one part of its records. @throws SluiceError PLUGIN_UNKNOWN, SETTINGS_INVALID */
export function makeConverter(plugins: Plugins, part: Part, owner: RawSettings): Converter {
  const setting = `${part}.converter`
  const version = parseVersionRange(owner[`${setting}.plugin.version`])
  return plugins.converters.get(owner[setting] ?? HEADER_CONVERTER, version).create(below(`${setting}.`, owner), part)
}

/** The chain of `transforms`, each below `transforms.<alias>.`; null when there are none. */
export function makeChain(plugins: Plugins, aliases: readonly string[], connector: RawSettings): Transform | null {
  return compileChain(aliases.map((alias) => makeStep(plugins, alias, connector)))
}

/** One transform with its predicate. @throws SluiceError PLUGIN_UNKNOWN, SETTINGS_INVALID */
export function makeStep(plugins: Plugins, alias: string, connector: RawSettings): TransformStep {
  const settings = below(`transforms.${alias}.`, connector)
  const type = settings['type']
  if (type === undefined) {
    throw new SluiceError(
      'SETTINGS_INVALID',
      `Missing required configuration "transforms.${alias}.type" which has no default value.`,
      {
        remedy: `Name the transform of "${alias}" there, or take "${alias}" out of transforms.`,
      },
    )
  }
  const predicate = settings['predicate']
  const negate = settings['negate']?.trim().toLowerCase() ?? 'false'
  if (negate !== 'true' && negate !== 'false') {
    throw new SluiceError(
      'SETTINGS_INVALID',
      `Invalid value ${settings['negate']} for configuration transforms.${alias}.negate: Expected true or false`,
    )
  }
  if (settings['negate'] !== undefined && predicate === undefined) {
    throw new SluiceError(
      'SETTINGS_INVALID',
      `transforms.${alias}.negate is given, but no transforms.${alias}.predicate to be negated`,
      {
        remedy: `Name a predicate there, or take transforms.${alias}.negate out.`,
      },
    )
  }
  return {
    alias,
    transform: plugins.transforms.get(type, parseVersionRange(settings['plugin.version'])).create(settings),
    predicate: predicate === undefined ? null : makePredicate(plugins, alias, predicate, connector),
    negate: negate === 'true',
  }
}

function makePredicate(
  plugins: Plugins,
  transform: string,
  alias: string,
  connector: RawSettings,
): TransformStep['predicate'] {
  const settings = below(`predicates.${alias}.`, connector)
  const type = settings['type']
  if (type === undefined) {
    throw new SluiceError(
      'SETTINGS_INVALID',
      `The transform "${transform}" names the predicate "${alias}", which is not defined`,
      {
        remedy: `List "${alias}" in predicates and give predicates.${alias}.type.`,
      },
    )
  }
  return plugins.predicates.get(type, parseVersionRange(settings['plugin.version'])).create(settings)
}
