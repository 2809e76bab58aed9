/** Everything that is wrong with the settings of a worker, told at once, and what in them nobody reads. */
import { kafkaConfig } from '@sluice/kafka/properties'
import { SluiceError, type Logger, type RawSettings, type SettingsDeclaration } from '@sluice/sdk'
import { cellSettings } from '../cells/cell-settings.ts'
import { consumerSettings, producerSettings } from '../clients.ts'
import type { Plugins } from '../plugins/catalogue.ts'
import { makeConverter } from '../plugins/stages.ts'
import { clean } from '../provided-values.ts'
import { restSettings } from '../rest/rest-settings.ts'
import { below } from '../settings.ts'
import { PARTS } from './enriched-settings.ts'
import { ADMIN_CONNECTION, adminSettings, CLIENT_CONNECTION, warnOfUnknown } from './unused-settings.ts'

/** Whose settings below them are looked at elsewhere. */
const ELSEWHERE: readonly string[] = [
  ...CLIENT_CONNECTION,
  'producer.',
  'consumer.',
  'admin.',
  'config.providers.',
  'listeners.https.',
  'admin.listeners.https.',
  ...PARTS.map((part) => `${part}.converter.`),
]

/** Of REST, and not of the admin client, though they begin with its prefix, too. */
const ADMIN_LISTENERS: readonly string[] = ['listeners', 'listeners.https.']

export interface WorkerCheck {
  /** What a worker of its mode may be given, beside REST and cells. */
  readonly declared: SettingsDeclaration
  /** Prefixes of settings that are known besides. */
  readonly prefixes: readonly string[]
  /** Resolved. */
  readonly raw: RawSettings
  /** Values of config providers in them, which no complaint speaks of. */
  readonly values: ReadonlySet<string>
  readonly plugins: Plugins
  readonly logger: Logger
}

/** A sentence for each complaint, with what to do; names that nobody knows are warned of with the nearest one. */
export async function workerProblems(check: WorkerCheck): Promise<readonly string[]> {
  const { raw, values, plugins, logger } = check
  const declared: SettingsDeclaration = check.declared.extend(restSettings).extend(cellSettings)
  const problems: string[] = []
  const attempt = async (work: () => unknown): Promise<void> => {
    const problem = await problemOf(work)
    if (problem !== null) problems.push(clean(problem, values))
  }
  await attempt(() => declared.parse(raw))
  for (const part of PARTS) {
    const named = raw[`${part}.converter`]
    // One that is not named at all has been complained about already.
    if (named === undefined) continue
    await attempt(async () => {
      await plugins.converters.findIfThere(named)?.load()
      makeConverter(plugins, part, raw)
    })
  }
  await attempt(() => raw['bootstrap.servers'] === undefined || kafkaConfig(raw))
  for (const [prefix, client] of CLIENTS) {
    const own = below(prefix, raw)
    await attempt(() => client.parse(own))
    warnOfUnknown(client, own, CLIENT_CONNECTION, logger, prefix)
  }
  warnOfUnknown(adminSettings, below('admin.', raw), [...ADMIN_CONNECTION, ...ADMIN_LISTENERS], logger, 'admin.')
  warnOfUnknown(declared, raw, [...ELSEWHERE, ...check.prefixes], logger)
  return problems
}

const CLIENTS: readonly (readonly [string, SettingsDeclaration])[] = [
  ['producer.', producerSettings],
  ['consumer.', consumerSettings],
]

/** @throws SluiceError SETTINGS_INVALID with all of them, if there are any */
export function refuseAll(problems: readonly string[], kind: typeof SluiceError = SluiceError): void {
  if (problems.length === 0) return
  throw new kind('SETTINGS_INVALID', `The settings are not right:\n${problems.join('\n')}`, {
    remedy: 'Correct what is named above and start again; nothing was started.',
  })
}

/** Nothing is wrong but connectors that were given with the worker: Kafka Connect's script ends with a status of its own for them. */
export class ConnectorsRefused extends SluiceError {}

/** What `work` rejects with, for people; null when it does not. */
export async function problemOf(work: () => unknown): Promise<string | null> {
  try {
    await work()
    return null
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const remedy = [error, error.cause].find((one) => one instanceof SluiceError && one.remedy !== undefined)
    return `${error.message}${remedy === undefined ? '' : `\n    ${(remedy as SluiceError).remedy}`}`
  }
}
