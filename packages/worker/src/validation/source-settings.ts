/** What sources have besides: Kafka Connect's `SourceConnectorConfig`, and the rules of topic creation (KIP-158). */
import {
  atLeast,
  defineSettings,
  oneOfIgnoringCase,
  validatedBy,
  type RawSettings,
  type SettingsDeclaration,
  type Validator,
} from '@sluice/sdk'
import { validRegex } from '@sluice/transforms'
import { aliasesOf, aliasList, connectorSettings } from './connector-settings.ts'
import { ownSettings, sourceDeadLetterSettings } from './own-settings.ts'

const orBrokers = validatedBy('-1 or at least 1', (count) =>
  count === -1 || Number(count) >= 1 ? undefined : 'Value must be -1 or at least 1',
)

/** What Kafka Connect's own definition of a source has, in its order. */
export const connectSourceSettings = connectorSettings.extend(
  defineSettings({
    'topic.creation.groups': {
      type: 'list',
      default: [],
      validator: aliasList,
      importance: 'low',
      group: 'Topic Creation',
      order: 1,
      width: 'long',
      displayName: 'Topic Creation Groups',
      documentation:
        'Names of rules for topics that the connector writes to and that are not there. Each has topic.creation.NAME.include, the first that fits counts, and topic.creation.default comes last.',
    },
    'exactly.once.support': {
      type: 'string',
      default: 'requested',
      validator: oneOfIgnoringCase('requested', 'required'),
      importance: 'medium',
      group: 'Exactly Once Support',
      order: 2,
      width: 'short',
      displayName: 'Exactly once support',
      documentation:
        'required: the connector is refused unless it says that it reads each record exactly once and the worker has exactly once support enabled. requested: it is not asked.',
    },
    'transaction.boundary': {
      type: 'string',
      default: 'poll',
      validator: oneOfIgnoringCase('poll', 'interval', 'connector'),
      importance: 'medium',
      group: 'Exactly Once Support',
      order: 3,
      width: 'short',
      displayName: 'Transaction Boundary',
      documentation:
        'Where a transaction ends, with exactly once support. poll: behind each batch of a task; interval: after transaction.boundary.interval.ms; connector: where its tasks say.',
    },
    'transaction.boundary.interval.ms': {
      type: 'long',
      default: null,
      validator: atLeast(0),
      importance: 'low',
      group: 'Exactly Once Support',
      order: 4,
      width: 'short',
      displayName: 'Transaction boundary interval',
      documentation:
        "How long a transaction takes with transaction.boundary=interval. Not given: the worker's offset.flush.interval.ms.",
    },
    'offsets.storage.topic': {
      type: 'string',
      default: null,
      validator: validatedBy('a name that is not blank', (topic) =>
        String(topic).trim() === '' ? 'Must not be blank' : undefined,
      ),
      importance: 'low',
      group: 'offsets.topic',
      order: 1,
      width: 'long',
      displayName: 'Offsets topic',
      documentation:
        "A topic of its own for the connector's positions, on the cluster its producers write to; created when it is missing. Not given: the worker's. Means nothing to a standalone worker.",
    },
  }),
)

/** Ours beyond Connect, of a source. */
export const ownSourceSettings = ownSettings.extend(sourceDeadLetterSettings)

/** The default rule. Connect defines it only where a `topic.creation.` key is given; here either key may be left out. */
export const defaultTopicSettings = defineSettings({
  'topic.creation.default.partitions': {
    type: 'int',
    default: null,
    validator: orBrokers,
    importance: 'low',
    group: 'Topic Creation: default',
    documentation:
      'Partitions of topics the connector writes to, when they must be created. Not given: as many as the broker makes by default.',
  },
  'topic.creation.default.replication.factor': {
    type: 'short',
    default: -1,
    validator: orBrokers,
    importance: 'low',
    group: 'Topic Creation: default',
    documentation: "Replicas of such topics; -1 is the broker's default.",
  },
})

/** Everything a source may be given that does not depend on names it gives itself. */
export const sourceSettings = connectSourceSettings.extend(ownSourceSettings).extend(defaultTopicSettings)

const PREFIX = 'topic.creation.'

/** The rules a source names, and `default` where any `topic.creation.` key is given; none where none is. */
export function topicRuleSettings(raw: RawSettings): readonly SettingsDeclaration[] {
  if (!Object.keys(raw).some((key) => key.startsWith(PREFIX))) return []
  const names = aliasesOf(raw['topic.creation.groups']).filter((name) => name !== 'default')
  return [
    defaultTopicSettings,
    ...names.map((name) => ruleSettings.prefixed(`${PREFIX}${name}.`, `Topic Creation: ${name}`)),
  ]
}

const patterns: Validator = {
  description: 'regular expressions',
  check(name, value) {
    const found = (Array.isArray(value) ? (value as readonly string[]) : []).map((one) => validRegex.check(name, one))
    return found.find((problem) => problem !== undefined)
  },
}

/** Of one rule that has a name; without numbers of its own it takes the default rule's. */
const ruleSettings = defineSettings({
  include: {
    type: 'list',
    validator: patterns,
    importance: 'low',
    documentation: 'Regular expressions, one of which the whole name of a topic has to match.',
  },
  exclude: {
    type: 'list',
    default: [],
    validator: patterns,
    importance: 'low',
    documentation: 'Regular expressions, none of which it may match.',
  },
  'replication.factor': {
    type: 'short',
    default: null,
    validator: orBrokers,
    importance: 'low',
    documentation: "Replicas; -1 is the broker's default.",
  },
  partitions: {
    type: 'int',
    default: null,
    validator: orBrokers,
    importance: 'low',
    documentation: "Partitions; -1 is the broker's default.",
  },
})
