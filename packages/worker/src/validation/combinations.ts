/** What is right by itself and wrong beside the rest: of the config, of the worker, of the plugins that are there. */
import type { Connector, RawSettings, SettingProblem, SettingsValidation } from '@sluice/sdk'
import type { Plugins } from '../plugins/catalogue.ts'
import { makeStep } from '../plugins/stages.ts'
import { parseVersionRange } from '../plugins/version-range.ts'
import { inheritedProblems } from './client-overrides.ts'
import { makingProblem, problemOf } from './converter-settings.ts'
import { aliasesOf } from './connector-settings.ts'
import { PARTS } from './enriched-settings.ts'
import { sinkProblems } from './sink-settings.ts'

/** Everything of this kind but what depends on converters. `common` tells what has been complained about already. */
export function combinationProblems(
  connector: Connector,
  config: RawSettings,
  worker: RawSettings,
  plugins: Plugins,
  common: SettingsValidation,
): readonly SettingProblem[] {
  return [
    ...(connector.kind === 'sink' ? sinkProblems(config) : []),
    ...groupProblems(connector, config, worker),
    ...exactlyOnceProblems(connector, config, worker),
    ...versionProblems(plugins, config),
    ...stageProblems(plugins, config, common),
    ...inheritedProblems(config, worker),
  ]
}

/** Versions of plugins that are not there; the connector's own was looked at before. */
function versionProblems(plugins: Plugins, config: RawSettings): readonly SettingProblem[] {
  const named = [
    ...PARTS.map((part) => ({
      shelf: plugins.converters,
      type: `${part}.converter`,
      version: `${part}.converter.plugin.version`,
    })),
    ...(['transforms', 'predicates'] as const).flatMap((stage) =>
      aliasesOf(config[stage]).map((alias) => ({
        shelf: plugins[stage],
        type: `${stage}.${alias}.type`,
        version: `${stage}.${alias}.plugin.version`,
      })),
    ),
  ]
  return named.flatMap(({ shelf, type, version }) => {
    const name = config[type]
    if (name === undefined || config[version] === undefined || shelf.findIfThere(name) === undefined) return []
    const message = problemOf(() => shelf.find(name, parseVersionRange(config[version])))
    return message === undefined ? [] : [{ setting: version, message }]
  })
}

/** What the worker's group and a sink's may not have in common. */
function groupProblems({ kind }: Connector, config: RawSettings, worker: RawSettings): readonly SettingProblem[] {
  const group = worker['group.id']
  if (kind !== 'sink' || group === undefined) return []
  const setting = 'consumer.override.group.id'
  const overridden = config[setting]
  if (overridden !== undefined) {
    const message = `Consumer group ${overridden} conflicts with Connect worker group ${group}`
    return overridden === group ? [{ setting, message }] : []
  }
  const name = config['name'] ?? ''
  const message = `Consumer group for sink connector named ${name} conflicts with Connect worker group ${group}`
  return `connect-${name}` === group ? [{ setting: 'name', message }] : []
}

function exactlyOnceProblems({ kind }: Connector, config: RawSettings, worker: RawSettings): readonly SettingProblem[] {
  const setting = 'exactly.once.support'
  if (kind !== 'source' || isExactlyOnce(worker) || config[setting]?.trim().toLowerCase() !== 'required') return []
  return [{ setting, message: 'This worker does not have exactly-once source support enabled.' }]
}

export function isExactlyOnce(worker: RawSettings): boolean {
  return worker['exactly.once.source.support']?.trim().toLowerCase() === 'enabled'
}

/** What the declarations of transforms do not see: predicates that are not there, and combinations of settings. */
function stageProblems(
  plugins: Plugins,
  config: RawSettings,
  { configs }: SettingsValidation,
): readonly SettingProblem[] {
  const predicates = aliasesOf(config['predicates'])
  return aliasesOf(config['transforms']).flatMap((alias): readonly SettingProblem[] => {
    const at = `transforms.${alias}.`
    const predicate = config[`${at}predicate`]
    if (predicate === undefined && config[`${at}negate`] !== undefined)
      return [
        {
          setting: `${at}negate`,
          message: `Config '${at}negate' was provided but there is no config '${at}predicate' defining a predicate to be negated.`,
        },
      ]
    if (predicate !== undefined && !predicates.includes(predicate.trim()))
      return [
        {
          setting: `${at}predicate`,
          message: `Invalid value ${predicate} for configuration ${at}predicate: No predicate has this alias; list it in predicates`,
        },
      ]
    const places = predicate === undefined ? [at] : [at, `predicates.${predicate.trim()}.`]
    if (configs.some(({ value }) => value.errors.length > 0 && places.some((place) => value.name.startsWith(place))))
      return []
    const message = problemOf(() => makeStep(plugins, alias, config))
    return message === undefined ? [] : [{ setting: `${at}type`, message }]
  })
}

/** Converters whose settings are each right, and which can still not be made. */
export function converterProblems(
  plugins: Plugins,
  config: RawSettings,
  { configs }: SettingsValidation,
): readonly SettingProblem[] {
  return PARTS.flatMap((part) => {
    const setting = `${part}.converter`
    const named = config[setting]
    const plugin = named === undefined ? undefined : plugins.converters.findIfThere(named)?.loaded
    const isWrong = configs.some(({ value }) => value.name.startsWith(setting) && value.errors.length > 0)
    if (plugin === undefined || plugin === null || isWrong) return []
    const message = makingProblem(plugin, part, config)
    return message === undefined ? [] : [{ setting, message }]
  })
}
