import { SluiceError, type Connector, type Logger, type RawSettings, type SettingsDeclaration } from '@sluice/sdk'
import { consumerSettings, producerSettings } from './clients.ts'
import { kafkaConfig } from './kafka-config.ts'
import type { Plugins } from './plugins/catalogue.ts'
import { makeConverter, makeStep } from './plugins/stages.ts'
import { parseVersionRange } from './plugins/version-range.ts'
import type { Part } from './record-path/convert.ts'
import { sinkProblems } from './validation/sink-settings.ts'
import { below, connectorSettings, sinkSettings, sourceSettings } from './settings.ts'
import { standaloneSettings, type StandaloneSettings } from './standalone/standalone-settings.ts'

interface Given {
  readonly worker: RawSettings
  readonly connectors: readonly RawSettings[]
  readonly plugins: Plugins
  readonly logger: Logger
}

const PARTS: readonly Part[] = ['key', 'value', 'header']

/** What clients may be given about how to reach Kafka, by prefix: see kafka-config.ts. */
const CONNECTION: readonly string[] = [
  'bootstrap.servers',
  'security.protocol',
  'ssl.',
  'sasl.',
  'reconnect.backoff.',
  'connections.max.idle.ms',
  'socket.connection.setup.timeout.ms',
  'request.timeout.ms',
]

const CLIENTS: readonly {
  readonly prefix: string
  readonly override: string
  readonly declared: SettingsDeclaration
}[] = [
  { prefix: 'producer.', override: 'producer.override.', declared: producerSettings },
  { prefix: 'consumer.', override: 'consumer.override.', declared: consumerSettings },
]

/**
 * Looks at all settings of all files before anything is started. Names that nobody knows are warned of.
 * @throws SluiceError SETTINGS_INVALID with every problem, by the file's name
 */
export function checkSettings(given: Given): StandaloneSettings {
  const check = new Check(given)
  const settings = check.worker()
  const names = new Set<string>()
  for (const [index, raw] of given.connectors.entries()) {
    const name = raw['name'] ?? `connector ${index + 1}`
    if (names.has(name)) check.complain(name, 'two connectors have this name; give each its own')
    names.add(name)
    check.connector(name, raw)
  }
  if (check.problems.length === 0 && settings !== undefined) return settings
  throw new SluiceError('SETTINGS_INVALID', `The settings are not right:\n${check.problems.join('\n')}`, {
    remedy: 'Correct what is named above and start again; nothing was started.',
  })
}

class Check {
  readonly problems: string[] = []
  readonly #given: Given

  constructor(given: Given) {
    this.#given = given
  }

  complain(what: string, problem: string): void {
    this.problems.push(`${what}: ${problem}`)
  }

  worker(): StandaloneSettings | undefined {
    const { worker } = this.#given
    const settings = this.#attempt('worker', () => standaloneSettings.parse(worker))
    // A converter that is not named at all has been complained about already.
    for (const part of PARTS)
      if (part === 'header' || worker[`${part}.converter`] !== undefined) this.#converter('worker', part, worker)
    for (const { prefix, declared } of CLIENTS) this.#client('worker', declared, prefix, worker, {})
    this.#attempt('worker', () => worker['bootstrap.servers'] === undefined || kafkaConfig(worker))
    this.#warnOfUnknown('worker', standaloneSettings, worker, [
      ...CONNECTION,
      'producer.',
      'consumer.',
      'config.providers.',
      ...PARTS.map((part) => `${part}.converter.`),
    ])
    return settings
  }

  connector(name: string, raw: RawSettings): void {
    const { plugins, worker } = this.#given
    const type = raw['connector.class']
    const connector =
      type === undefined
        ? undefined
        : this.#attempt(name, () => plugins.connectors.get(type, parseVersionRange(raw['connector.plugin.version'])))
    const declared = connector === undefined ? connectorSettings : declarationOf(connector)
    const named = PARTS.filter((part) => raw[`${part}.converter`] !== undefined)
    for (const part of named) this.#converter(name, part, raw)
    const aliases = listOf(raw['transforms'])
    for (const alias of aliases) this.#attempt(name, () => makeStep(plugins, alias, raw))
    for (const { prefix, override, declared: client } of CLIENTS)
      this.#client(name, client, override, raw, below(prefix, worker))
    this.#attempt(name, () => declared.parse(raw))
    if (connector === undefined) return
    if (connector.kind === 'sink')
      for (const problem of new Set(sinkProblems(raw).map(({ message }) => message))) this.complain(name, problem)
    this.#warnOfUnknown(name, declared, raw, [
      'producer.override.',
      'consumer.override.',
      ...(connector.kind === 'source' ? ['topic.creation.'] : []),
      ...named.map((part) => `${part}.converter.`),
      ...aliases.map((alias) => `transforms.${alias}.`),
      ...listOf(raw['predicates']).map((alias) => `predicates.${alias}.`),
    ])
  }

  #converter(what: string, part: Part, owner: RawSettings): void {
    this.#attempt(what, () => makeConverter(this.#given.plugins, part, owner))
  }

  /** A client's settings below a prefix, over those it inherits, which have been looked at already. */
  #client(what: string, declared: SettingsDeclaration, prefix: string, raw: RawSettings, inherited: RawSettings): void {
    const own = below(prefix, raw)
    const base = declared.problems(inherited).length === 0 ? inherited : {}
    this.#attempt(`${what}, ${prefix}*`, () => declared.parse({ ...base, ...own }))
    this.#warnOfUnknown(what, declared, own, CONNECTION, prefix)
  }

  #warnOfUnknown(
    what: string,
    declared: SettingsDeclaration,
    raw: RawSettings,
    passed: readonly string[],
    prefix = '',
  ): void {
    for (const { key, nearest } of declared.unknownKeys(raw, passed)) {
      const hint = nearest === undefined ? '' : `; did you mean "${prefix}${nearest}"?`
      this.#given.logger.warn(`The setting "${prefix}${key}" is not known and has no effect${hint}`, {
        connector: what,
      })
    }
  }

  #attempt<T>(what: string, work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error
      this.complain(what, `${error.message}${error.remedy === undefined ? '' : `\n    ${error.remedy}`}`)
      return undefined
    }
  }
}

/** What a connector of its kind may be given. */
function declarationOf({ kind, settings }: Connector): SettingsDeclaration {
  const common: SettingsDeclaration = kind === 'source' ? sourceSettings : sinkSettings
  return common.extend(settings)
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '')
}
