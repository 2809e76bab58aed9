/**
 * Everything that a config may hold which names this connector: what all connectors of its kind have, with the plugins that are there
 * as recommendations and the worker's as defaults, and what each transform and predicate of it has (`ConnectorConfig.enrich`).
 */
import {
  defineSettings,
  type Recommender,
  type SettingDeclaration,
  type SettingDeclarations,
  type RawSettings,
  type SettingsDeclaration,
} from '@sluice/sdk'
import type { Plugins } from '../plugins/catalogue.ts'
import { pluginClass, type Shelf, type ShelvedPlugin } from '../plugins/shelf.ts'
import { HEADER_CONVERTER } from '../settings.ts'
import { aliasesOf } from './connector-settings.ts'
import { ownSettings } from './own-settings.ts'
import { connectSinkSettings } from './sink-settings.ts'
import { connectSourceSettings, ownSourceSettings, topicRuleSettings } from './source-settings.ts'

export const PARTS = ['key', 'value', 'header'] as const
export type ConverterPart = (typeof PARTS)[number]

export interface Enriching {
  readonly kind: 'source' | 'sink'
  /** Of the connector, as it was found. */
  readonly version: string
  readonly config: RawSettings
  readonly worker: RawSettings
  readonly plugins: Plugins
}

export function enrichedSettings(given: Enriching): SettingsDeclaration {
  const { kind, config, plugins } = given
  const base: SettingsDeclaration = kind === 'source' ? connectSourceSettings : connectSinkSettings
  const rules = kind === 'source' ? topicRuleSettings(config) : []
  return joined([
    base.extend(defineSettings(pluginSettings(base.declarations, given))),
    ...aliasesOf(config['transforms']).map((alias) => stageSettings(TRANSFORM, alias, plugins.transforms, config)),
    ...aliasesOf(config['predicates']).map((alias) => stageSettings(PREDICATE, alias, plugins.predicates, config)),
    ...rules,
    kind === 'source' ? ownSourceSettings : ownSettings,
  ])
}

/** All of these, in order. By halves: one after the other would copy the first ones again and again. */
function joined(all: readonly SettingsDeclaration[]): SettingsDeclaration {
  if (all.length === 1) return all[0]!
  const middle = all.length >> 1
  return joined(all.slice(0, middle)).extend(joined(all.slice(middle)))
}

/** The settings that name plugins. */
function pluginSettings(base: SettingDeclarations, given: Enriching): SettingDeclarations {
  const { plugins, config, worker, version } = given
  const versions = plugins.connectors.versionsOf(config['connector.class'] ?? '')
  const enriched: Record<string, SettingDeclaration> = {
    'connector.plugin.version': versioned(base['connector.plugin.version']!, version, versions),
  }
  for (const part of PARTS) {
    const setting = `${part}.converter`
    const workers = worker[setting] ?? (part === 'header' ? HEADER_CONVERTER : undefined)
    const named = config[setting] ?? workers ?? ''
    enriched[setting] = {
      ...(base[setting] as ClassDeclaration),
      ...(workers === undefined ? {} : { default: classNamed(plugins.converters, workers) ?? workers }),
      resolve: (name) => classNamed(plugins.converters, name),
      recommender: values(plugins.convertersOf(part).map(pluginClass)),
    }
    const versionSetting = `${setting}.plugin.version`
    const found = plugins.converters.findIfThere(named)
    enriched[versionSetting] = versioned(
      base[versionSetting]!,
      found?.version ?? null,
      plugins.converters.versionsOf(named),
    )
  }
  return enriched
}

type ClassDeclaration = Extract<SettingDeclaration, { readonly type: 'class' }>

/** How a stage's settings are called. */
interface StageWords {
  readonly prefix: string
  readonly group: string
  readonly name: string
}

const TRANSFORM: StageWords = { prefix: 'transforms', group: 'Transforms', name: 'Transformation' }
const PREDICATE: StageWords = { prefix: 'predicates', group: 'Predicates', name: 'Predicate' }

const predicateSettings: SettingsDeclaration = defineSettings({
  predicate: {
    type: 'string',
    default: null,
    importance: 'medium',
    documentation: 'The alias of a predicate: the transform is applied only to records of which it is true.',
  },
  negate: {
    type: 'boolean',
    default: false,
    importance: 'medium',
    documentation: 'Whether it is applied to the other records instead.',
  },
})

/** Of one transform or predicate: its type, its version, its own. */
function stageSettings(
  { prefix, group, name }: StageWords,
  alias: string,
  shelf: Shelf<StagePlugin>,
  config: RawSettings,
): SettingsDeclaration {
  const at = `${prefix}.${alias}.`
  const type = config[`${at}type`] ?? ''
  const found = shelf.findIfThere(type)
  const named = defineSettings({
    type: {
      type: 'class',
      importance: 'high',
      width: 'long',
      displayName: `${name} type for ${alias}`,
      documentation: `Class of the ${name.toLowerCase()} ${alias}.`,
      resolve: (given) => classNamed(shelf, given),
      recommender: values(shelf.entries().map(pluginClass)),
    },
    'plugin.version': versioned(
      {
        type: 'string',
        default: null,
        importance: 'high',
        width: 'long',
        displayName: `${name} version for ${alias}`,
        documentation: `Version of the ${name.toLowerCase()} ${alias}: an exact one, a range, or latest.`,
      },
      found?.version ?? null,
      shelf.versionsOf(type),
    ),
  })
  const plugins: SettingsDeclaration = found?.loaded?.settings ?? defineSettings({})
  const own = prefix === TRANSFORM.prefix ? plugins.extend(predicateSettings) : plugins
  const title = `${group}: ${alias}`
  return (named as SettingsDeclaration)
    .prefixed(at, title)
    .extend(sorted(own).prefixed(at, title, Object.keys(named.declarations).length))
}

interface StagePlugin {
  readonly settings?: SettingsDeclaration
}

const IMPORTANCE = ['high', 'medium', 'low']

/** As ConfigDef sorts what it embeds: by group and place, then what must be given, then importance, then name. */
function sorted(declared: SettingsDeclaration): SettingsDeclaration {
  const entries = Object.entries(declared.declarations)
  const groups = [...new Set(entries.map(([, { group }]) => group))].filter((group) => group !== undefined)
  const rank = ({ group, order, default: fallback, importance }: SettingDeclaration): readonly number[] => [
    group === undefined ? -1 : groups.indexOf(group),
    order ?? -1,
    fallback === undefined ? 0 : 1,
    IMPORTANCE.indexOf(importance),
  ]
  const inOrder = entries.toSorted(([a, left], [b, right]) => {
    const [ranks, others] = [rank(left), rank(right)]
    const at = ranks.findIndex((value, i) => value !== others[i])
    return at === -1 ? (a < b ? -1 : 1) : ranks[at]! - others[at]!
  })
  return defineSettings(Object.fromEntries(inOrder)).extend(declared)
}

/** A version's setting, with what is there. Its default is the version that would be taken. */
function versioned(
  declaration: SettingDeclaration,
  version: string | null,
  versions: readonly string[],
): SettingDeclaration {
  return { ...declaration, default: version, recommender: values(versions) } as SettingDeclaration
}

function classNamed<P>(shelf: Shelf<P>, name: string): string | undefined {
  const found: ShelvedPlugin<P> | undefined = shelf.findIfThere(name)
  return found === undefined ? undefined : pluginClass(found)
}

function values(recommended: readonly string[]): Recommender {
  const distinct = [...new Set(recommended)]
  return { validValues: () => distinct }
}
