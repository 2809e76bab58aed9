/** Which client settings a connector may override (KIP-458, KIP-1188), and whether what it says is a value. */
import {
  defineSettings,
  invalidValue,
  oneOf,
  SluiceError,
  validatedBy,
  type RawSettings,
  type SettingDeclarations,
  type SettingProblem,
  type SettingsDeclaration,
  type ValidatedSetting,
} from '@sluice/sdk'
import { consumerSettings, producerSettings } from '../clients.ts'
import { below } from '../settings.ts'

export interface OverridePolicy {
  /** As messages name it. */
  readonly name: string
  allows(setting: string): boolean
}

const PRINCIPAL = new Set(['sasl.jaas.config', 'sasl.mechanism', 'security.protocol'])

/**
 * The policy that a worker's `connector.client.config.override.policy` names: ours, or Java's class.
 * @throws SluiceError SETTINGS_INVALID for another
 */
export function overridePolicy(worker: RawSettings): OverridePolicy {
  const given = (worker['connector.client.config.override.policy'] ?? 'All').trim()
  const name = given.slice(given.lastIndexOf('.') + 1).replace(/ConnectorClientConfigOverridePolicy$/, '')
  const allowed = new Set(
    (worker['connector.client.config.override.allowlist'] ?? '').split(',').map((setting) => setting.trim()),
  )
  const policies: Readonly<Record<string, OverridePolicy['allows']>> = {
    All: () => true,
    None: () => false,
    Principal: (setting) => PRINCIPAL.has(setting),
    Allowlist: (setting) => allowed.has(setting),
  }
  const allows = Object.hasOwn(policies, name) ? policies[name] : undefined
  if (allows !== undefined) return { name, allows }
  throw new SluiceError(
    'SETTINGS_INVALID',
    invalidValue('connector.client.config.override.policy', given, `Class ${given} could not be found.`),
    { remedy: 'Set it to All, None, Principal or Allowlist.' },
  )
}

export function notAllowed({ name }: OverridePolicy, setting: string): string {
  return `The '${name}' policy does not allow '${setting}' to be overridden in the connector configuration.`
}

export type ClientRole = 'producer' | 'consumer' | 'admin'

/** The clients that a connector of this config makes; overrides for others mean nothing. */
export function clientsOf(kind: 'source' | 'sink', config: RawSettings, isExactlyOnce: boolean): readonly ClientRole[] {
  if (kind === 'sink')
    return isGiven(config['errors.deadletterqueue.topic.name']) ? ['producer', 'consumer', 'admin'] : ['consumer']
  const hasOwnOffsets = isExactlyOnce || isGiven(config['offsets.storage.topic'])
  const createsTopics =
    isGiven(config['errors.deadletterqueue.topic.name']) ||
    Object.keys(config).some((key) => key.startsWith('topic.creation.'))
  return [
    'producer',
    ...(hasOwnOffsets ? (['consumer'] as const) : []),
    ...(hasOwnOffsets || createsTopics ? (['admin'] as const) : []),
  ]
}

/** Settings of Kafka's clients that have few values, whether this client has a use for them or not. */
const WORDS: Readonly<Record<ClientRole, SettingDeclarations>> = {
  producer: {
    acks: word('How many replicas have a record before it counts as sent.', 'all', '-1', '0', '1'),
    'enable.idempotence': flag('Whether the broker drops what is sent twice.'),
    ...producerSettings.declarations,
  },
  consumer: {
    'enable.auto.commit': flag('Whether offsets are committed without being asked.'),
    'allow.auto.create.topics': flag('Whether a topic that is asked for is made.'),
    'group.protocol': {
      ...word('How the group shares out partitions.'),
      validator: validatedBy('[CLASSIC, CONSUMER]', (value) =>
        /^(?:classic|consumer)$/i.test(String(value))
          ? undefined
          : 'String must be one of (case insensitive): CLASSIC, CONSUMER',
      ),
    },
    ...consumerSettings.declarations,
  },
  admin: {},
}

/** Each overridden setting of one client, with what is wrong with it. */
export function overriddenSettings(
  role: ClientRole,
  config: RawSettings,
  policy: OverridePolicy,
): readonly ValidatedSetting[] {
  const prefix = `${role}.override.`
  return Object.entries(below(prefix, config)).map(([setting, text]): ValidatedSetting => {
    const declaration = Object.hasOwn(WORDS[role], setting) ? WORDS[role][setting] : undefined
    const refusals = policy.allows(setting) ? [] : [notAllowed(policy, setting)]
    if (declaration === undefined) {
      const value = { name: prefix + setting, value: text, recommended_values: [], errors: refusals, visible: true }
      return { definition: null, value }
    }
    const [found] = defineSettings({ [setting]: declaration }).validate({ [setting]: text }).configs
    const { definition, value } = found!
    return {
      definition: { ...definition!, name: prefix + setting, dependents: [] },
      value: { ...value, name: prefix + setting, errors: [...value.errors, ...refusals] },
    }
  })
}

const CLIENTS = { producer: producerSettings, consumer: consumerSettings } as const

/** What overrides that are right by themselves make wrong beside those that the worker has below `producer.` and `consumer.`. */
export function inheritedProblems(config: RawSettings, worker: RawSettings): readonly SettingProblem[] {
  return (['producer', 'consumer'] as const).flatMap((role) => {
    const declared: SettingsDeclaration = CLIENTS[role]
    const own = declaredOf(declared, below(`${role}.override.`, config))
    const [first] = Object.keys(own)
    if (first === undefined) return []
    const inherited = below(`${role}.`, worker)
    const isTold = [inherited, ...Object.entries(own).map(([key, value]) => ({ [key]: value }))].some(
      (given) => declared.problems(given).length > 0,
    )
    if (isTold) return []
    return declared.problems({ ...inherited, ...own }).map(({ setting, message }) => ({
      setting: `${role}.override.${Object.hasOwn(own, setting) ? setting : first}`,
      message,
    }))
  })
}

/** A hostile config has many others. */
function declaredOf({ declarations }: SettingsDeclaration, raw: RawSettings): RawSettings {
  return Object.fromEntries(Object.entries(raw).filter(([key]) => Object.hasOwn(declarations, key)))
}

function word(documentation: string, ...words: readonly string[]): SettingDeclarations[string] {
  const validator = words.length === 0 ? {} : { validator: oneOf(...words) }
  return { type: 'string', default: null, importance: 'low', documentation, ...validator }
}

function flag(documentation: string): SettingDeclarations[string] {
  return { type: 'boolean', default: null, importance: 'low', documentation }
}

function isGiven(text: string | undefined): boolean {
  return (text ?? '').trim() !== ''
}
