/** Whether a connector can be made of a config: everything that is wrong, told at once, in the shape and words of Kafka Connect. */
import {
  defineSettings,
  systemClock,
  withErrors,
  type Clock,
  type Connector,
  type Logger,
  type RawSettings,
  type SettingProblem,
  type SettingsValidation,
  type ValidatedSetting,
} from '@sluice/sdk'
import type { ConfigProviders } from '../config-providers.ts'
import { HerderError } from '../herder/herder.ts'
import type { Plugins } from '../plugins/catalogue.ts'
import { pluginClass, PluginVersionMissing, type ShelvedPlugin } from '../plugins/shelf.ts'
import { parseVersionRange } from '../plugins/version-range.ts'
import { cleanError, cleanLogger } from '../provided-values.ts'
import { merged, withEntries } from './answer.ts'
import { clientsOf, overriddenSettings, overridePolicy } from './client-overrides.ts'
import { combinationProblems, converterProblems, isExactlyOnce } from './combinations.ts'
import { connectorProblems } from './connector-problems.ts'
import { connectorSettings } from './connector-settings.ts'
import { validatedConverter } from './converter-settings.ts'
import { enrichedSettings, PARTS } from './enriched-settings.ts'
import { withoutProvided } from './redaction.ts'
import { warnOfUnused } from './unused-settings.ts'

/** As it comes in a request: null is no value, which is said. */
export type GivenConfig = Readonly<Record<string, string | null>>

export interface ValidationParts {
  readonly plugins: Plugins
  /** The worker's own settings, resolved. */
  readonly worker: RawSettings
  readonly providers: ConfigProviders
  readonly logger: Logger
  readonly clock?: Clock
  /**
   * What the connector itself says (`connectorProblems`), asked elsewhere: in a cell, so that it can block nobody. It is given the config
   * with placeholders. Default: asked here.
   */
  readonly ask?: (config: RawSettings, signal: AbortSignal) => Promise<readonly SettingProblem[]>
  /** What the worker itself has against a config (resolved) that is right otherwise. Default: nothing. */
  readonly objections?: (config: RawSettings, kind: Connector['kind']) => readonly SettingProblem[]
  /** How long the connector may take to answer. Default: 30 s. */
  readonly askTimeoutMs?: number
}

const ASK_TIMEOUT_MS = 30_000

/**
 * Kafka Connect's answer to `…/config/validate`; a connector may be made when its `error_count` is 0.
 * @throws HerderError 400 when the config names no connector, or one that is not here
 */
export async function validateConnector(
  given: GivenConfig,
  parts: ValidationParts,
  signal: AbortSignal,
): Promise<SettingsValidation> {
  const { plugins, worker, providers, logger, objections } = parts
  const config = ownedConfig(given)
  const resolved = await providers.resolve(config)
  const { settings, values } = resolved
  const found = findConnector(given, settings, plugins)
  if ('problem' in found) return withoutProvided(wrongVersion(settings, found.problem), config, resolved)
  const connector = await load(settings, values, parts)
  const { version } = found.plugin
  const enriched = enrichedSettings({ kind: connector.kind, version, config: settings, worker, plugins })
  const raw = { ...settings, ...nullsOf(given) } as RawSettings
  const common = enriched.validate(raw, settings['connector.class'])
  const own = connector.settings.validate(raw)
  const problems = [
    ...combinationProblems(connector, settings, worker, plugins, common),
    ...(objections?.(settings, connector.kind) ?? []),
    ...Object.keys(nullsOf(given)).map((setting) => ({
      setting,
      message: 'Null value can not be supplied as the configuration value.',
    })),
    ...(own.error_count === 0 ? await askConnector(connector, config, settings, parts, signal) : []),
  ]
  const answer = withEntries(withErrors(merged(common, own), problems), [
    ...clientsOf(connector.kind, settings, isExactlyOnce(worker)).flatMap((role) =>
      overriddenSettings(role, settings, overridePolicy(worker)),
    ),
    ...PARTS.flatMap((part) => convertersEntries(plugins, part, settings)),
  ])
  const whole = withErrors(answer, converterProblems(plugins, settings, answer))
  warnOfUnused(connector, settings, whole, cleanLogger(logger, values))
  return withoutProvided(whole, config, resolved)
}

async function load(
  settings: RawSettings,
  values: ReadonlySet<string>,
  { plugins, worker }: ValidationParts,
): Promise<Connector> {
  try {
    return await plugins.loadFor(settings, worker)
  } catch (error) {
    const cause = cleanError(error, values)
    throw new HerderError(400, (cause as Error).message, { cause })
  }
}

/** Without the providers that a connector may not declare, and without nulls. */
function ownedConfig(given: GivenConfig): RawSettings {
  const kept = Object.entries(given).filter(
    ([key, value]) => value !== null && key !== 'config.providers' && !key.startsWith('config.providers.'),
  )
  return Object.fromEntries(kept as [string, string][])
}

function nullsOf(given: GivenConfig): Readonly<Record<string, null>> {
  return Object.fromEntries(Object.entries(given).flatMap(([key, value]) => (value === null ? [[key, null]] : [])))
}

type Found = { readonly plugin: ShelvedPlugin<Connector> } | { readonly problem: PluginVersionMissing | RangeError }

function findConnector(given: GivenConfig, settings: RawSettings, plugins: Plugins): Found {
  const name = settings['connector.class']
  if (name === undefined) {
    const shown = Object.entries(given).map(([key, value]) => `${key}=${value}`)
    throw new HerderError(400, `Connector config {${shown.join(', ')}} contains no connector type`)
  }
  try {
    return { plugin: plugins.connectors.find(name, parseVersionRange(settings['connector.plugin.version'])) }
  } catch (error) {
    if (error instanceof PluginVersionMissing || error instanceof RangeError) return { problem: error }
    const known = plugins.connectors.entries().map(pluginClass)
    const what = (error as Error).message.startsWith('More than one')
      ? `More than one connector matches alias ${given['connector.class']}. Please use full package and class name instead. Classes found: `
      : `Failed to find any class that implements Connector and which name matches ${given['connector.class']}, available connectors are: `
    throw new HerderError(400, what + [...new Set(known)].join(', '), { cause: error })
  }
}

/** Nothing more can be said of a connector that is not there in the version that is asked for. */
function wrongVersion(settings: RawSettings, problem: PluginVersionMissing | RangeError): SettingsValidation {
  const { name, 'connector.class': type, 'connector.plugin.version': version } = connectorSettings.declarations
  const versions = problem instanceof PluginVersionMissing ? problem.versions : []
  const answer = defineSettings({
    name: name!,
    'connector.class': type!,
    'connector.plugin.version': { ...version!, recommender: { validValues: () => versions } },
  }).validate(settings, settings['connector.class'])
  return withErrors(answer, [{ setting: 'connector.plugin.version', message: problem.message }])
}

async function askConnector(
  connector: Connector,
  config: RawSettings,
  settings: RawSettings,
  parts: ValidationParts,
  signal: AbortSignal,
): Promise<readonly SettingProblem[]> {
  const { ask, clock = systemClock, askTimeoutMs = ASK_TIMEOUT_MS } = parts
  const ended = new AbortController()
  const either = AbortSignal.any([signal, ended.signal])
  const late = `The connector has not said within ${askTimeoutMs} ms whether its settings are right; it may be waiting for a system that does not answer.`
  const problem = (message: string): SettingProblem => ({ setting: 'connector.class', message })
  const tooLate = (): readonly SettingProblem[] => {
    if (signal.aborted) throw new HerderError(500, 'Worker is shutting down')
    return [problem(late)]
  }
  const asked = async (): Promise<readonly SettingProblem[]> => {
    try {
      return await (ask === undefined ? connectorProblems(connector, settings, either) : ask(config, either))
    } catch (error) {
      // Asked of nobody any more: that says nothing about the connector.
      if (signal.aborted) throw new HerderError(500, 'Worker is shutting down', { cause: error })
      return [problem(`The connector failed while it looked at its settings: ${(error as Error).message}`)]
    }
  }
  try {
    return await Promise.race([asked(), clock.sleep(askTimeoutMs, either).then(() => tooLate())])
  } finally {
    ended.abort(null)
  }
}

function convertersEntries(
  plugins: Plugins,
  part: (typeof PARTS)[number],
  config: RawSettings,
): readonly ValidatedSetting[] {
  const named = config[`${part}.converter`]
  const plugin = named === undefined ? undefined : plugins.converters.findIfThere(named)?.loaded
  return plugin === undefined || plugin === null ? [] : validatedConverter(plugin, part, config)
}
