/** Which plugins a task runs with, and in which versions, as Kafka Connect's metrics tell it since 4.1 (KIP-891). */
import type { Connector, RawSettings } from '@sluice/sdk'
import type { Part } from '../record-path/convert.ts'
import type { FigureGroup, TaskTags } from '../record-path/task-figures.ts'
import { HEADER_CONVERTER } from '../settings.ts'
import type { Plugins } from './catalogue.ts'
import { pluginClass, type PluginLabel } from './shelf.ts'
import { parseVersionRange } from './version-range.ts'

const PARTS: readonly Part[] = ['key', 'value', 'header']

/**
 * The words of `connector-task-metrics`.
 * @param raw the connector's settings with the task's over them; every plugin that they name is there
 */
export function taskTexts(
  plugins: Plugins,
  worker: RawSettings,
  raw: RawSettings,
  connector: Connector,
): Readonly<Record<string, string>> {
  const converters = PARTS.flatMap((part) => {
    const setting = `${part}.converter`
    const owner = raw[setting] === undefined ? worker : raw
    const range = parseVersionRange(owner[`${setting}.plugin.version`])
    const found = plugins.converters.find(owner[setting] ?? HEADER_CONVERTER, range)
    return Object.entries(classAndVersion(`${part}-converter`, found))
  })
  return {
    'connector-class': raw['connector.class'] ?? connector.name,
    'connector-type': connector.kind,
    'connector-version': connector.version,
    'task-class': raw['task.class'] ?? connector.name,
    'task-version': connector.version,
    ...Object.fromEntries(converters),
  }
}

/** `connector-transform-metrics` and `connector-predicate-metrics`: one of each for every alias of `transforms`, and of what they name. */
export function stageFigures(
  plugins: Plugins,
  raw: RawSettings,
  aliases: readonly string[],
  tags: TaskTags,
): readonly FigureGroup[] {
  const range = (setting: string) => parseVersionRange(raw[`${setting}.plugin.version`])
  const transforms = aliases.map((alias) => {
    const setting = `transforms.${alias}`
    const found = plugins.transforms.find(raw[`${setting}.type`] ?? '', range(setting))
    return stage('transform', { ...tags, transform: alias }, found)
  })
  const named = aliases.flatMap((alias) => raw[`transforms.${alias}.predicate`] ?? [])
  const predicates = [...new Set(named)].map((alias) => {
    const setting = `predicates.${alias}`
    const found = plugins.predicates.find(raw[`${setting}.type`] ?? '', range(setting))
    return stage('predicate', { ...tags, predicate: alias }, found)
  })
  return [...transforms, ...predicates]
}

function stage(kind: 'transform' | 'predicate', tags: FigureGroup['tags'], plugin: PluginLabel): FigureGroup {
  return { group: `connector-${kind}-metrics`, tags, values: classAndVersion(kind, plugin) }
}

function classAndVersion(what: string, plugin: PluginLabel): Readonly<Record<string, string>> {
  return { [`${what}-class`]: pluginClass(plugin), [`${what}-version`]: plugin.version }
}
