/** A connector's converters and transforms, made from its settings. */
import { SluiceError, type Converter, type RawSettings, type Transform } from '@sluice/sdk'
import type { Converters } from '../record-path/convert.ts'
import { compileChain, type TransformStep } from '../record-path/transform-chain.ts'
import { below } from '../settings.ts'
import type { Plugins } from './catalogue.ts'

/**
 * The three converters: the connector's own where it names one, else the worker's. Settings below `value.converter.` belong to
 * whoever named the converter.
 */
export function makeConverters(plugins: Plugins, worker: RawSettings, connector: RawSettings): Converters {
  const make = (side: 'key' | 'value' | 'header'): Converter => {
    const setting = `${side}.converter`
    const owner = connector[setting] === undefined ? worker : connector
    const name = owner[setting] ?? 'SimpleHeaderConverter'
    return plugins.converters.get(name).create(below(`${setting}.`, owner), side)
  }
  return { key: make('key'), value: make('value'), header: make('header') }
}

/** The chain of `transforms`, each below `transforms.<alias>.`; null when there are none. */
export function makeChain(plugins: Plugins, aliases: readonly string[], connector: RawSettings): Transform | null {
  return compileChain(aliases.map((alias) => makeStep(plugins, alias, connector)))
}

function makeStep(plugins: Plugins, alias: string, connector: RawSettings): TransformStep {
  const settings = below(`transforms.${alias}.`, connector)
  const type = settings['type']
  if (type === undefined) {
    throw new SluiceError('SETTINGS_INVALID', `Missing required configuration "transforms.${alias}.type" which has no default value.`, {
      remedy: `Name the transform of "${alias}" there, or take "${alias}" out of transforms.`,
    })
  }
  const predicate = settings['predicate']
  return {
    alias,
    transform: plugins.transforms.get(type).create(settings),
    predicate: predicate === undefined ? null : makePredicate(plugins, alias, predicate, connector),
    negate: settings['negate']?.toLowerCase() === 'true',
  }
}

function makePredicate(plugins: Plugins, transform: string, alias: string, connector: RawSettings): TransformStep['predicate'] {
  const settings = below(`predicates.${alias}.`, connector)
  const type = settings['type']
  if (type === undefined) {
    throw new SluiceError('SETTINGS_INVALID', `The transform "${transform}" names the predicate "${alias}", which is not defined`, {
      remedy: `List "${alias}" in predicates and give predicates.${alias}.type.`,
    })
  }
  return plugins.predicates.get(type).create(settings)
}
