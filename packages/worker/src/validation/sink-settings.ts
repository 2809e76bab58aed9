/** What sinks have besides: Kafka Connect's `SinkConnectorConfig`, and how its settings may be combined. */
import vm from 'node:vm'
import { anyNonDuplicateValues, defineSettings, type RawSettings, type SettingProblem } from '@sluice/sdk'
import { javaRegex, validRegex } from '@sluice/transforms'
import { connectorSettings } from './connector-settings.ts'
import { ownSettings } from './own-settings.ts'

/** What Kafka Connect's own definition of a sink has, in its order. */
export const connectSinkSettings = connectorSettings.extend(
  defineSettings({
    topics: {
      type: 'list',
      default: [],
      validator: anyNonDuplicateValues(),
      importance: 'high',
      group: 'Common',
      order: 4,
      width: 'long',
      displayName: 'Topics',
      documentation: 'Topics to read, separated by commas. Those that are not there yet are waited for.',
    },
    'topics.regex': {
      type: 'string',
      default: '',
      validator: validRegex,
      importance: 'high',
      group: 'Common',
      order: 4,
      width: 'long',
      displayName: 'Topics regex',
      documentation:
        'Java regular expression for the whole names of the topics to read, instead of topics. Topics that come later are found.',
    },
    'errors.deadletterqueue.topic.name': {
      type: 'string',
      default: '',
      importance: 'medium',
      group: 'Error Handling',
      order: 6,
      width: 'medium',
      displayName: 'Dead Letter Queue Topic Name',
      documentation: 'Topic for records that fail. Empty: none.',
    },
    'errors.deadletterqueue.topic.replication.factor': {
      type: 'short',
      default: 3,
      importance: 'medium',
      group: 'Error Handling',
      order: 7,
      width: 'medium',
      displayName: 'Dead Letter Queue Topic Replication Factor',
      documentation: "Replicas of that topic when it is created; -1 is the broker's default.",
    },
    'errors.deadletterqueue.context.headers.enable': {
      type: 'boolean',
      default: false,
      importance: 'medium',
      group: 'Error Handling',
      order: 8,
      width: 'medium',
      displayName: 'Enable Error Context Headers',
      documentation: 'Whether dead letters carry the headers that say where they come from and what failed.',
    },
  }),
)

/** Everything a sink may be given. */
export const sinkSettings = connectSinkSettings.extend(ownSettings)

/** Complaints about how the settings that choose topics are combined, each at every setting it concerns, in Connect's words. */
export function sinkProblems(raw: RawSettings): readonly SettingProblem[] {
  const topics = listed(raw['topics'])
  const regex = (raw['topics.regex'] ?? '').trim()
  const letters = (raw['errors.deadletterqueue.topic.name'] ?? '').trim()
  const problems: SettingProblem[] = []
  const hasTopics = (raw['topics'] ?? '').trim() !== ''
  const hasRegex = regex !== ''
  if (hasTopics === hasRegex) {
    const message = hasTopics
      ? 'topics and topics.regex are mutually exclusive options, but both are set.'
      : 'Must configure one of topics or topics.regex'
    problems.push({ setting: 'topics', message }, { setting: 'topics.regex', message })
  }
  if (letters === '') return problems
  if (topics.includes(letters))
    problems.push({
      setting: 'topics',
      message: `The DLQ topic '${letters}' may not be included in the list of topics ('topics=[${topics.join(', ')}]') consumed by the connector`,
    })
  if (hasRegex && matches(regex, letters))
    problems.push({
      setting: 'topics.regex',
      message: `The DLQ topic '${letters}' may not be matched by the regex for the topics ('topics.regex=${regex}') consumed by the connector`,
    })
  return problems
}

function listed(text: string | undefined): readonly string[] {
  const elements = (text ?? '').split(',').map((element) => element.trim())
  return [...new Set(elements)].filter((element) => element !== '')
}

/** How long a pattern may be tried. One that takes longer (`(a+)+b`) is not this check's business: it harms its own task alone. */
const MATCH_TIMEOUT_MS = 100

/** A pattern that is none has been complained about by its own setting. */
function matches(regex: string, topic: string): boolean {
  if (validRegex.check('topics.regex', regex) !== undefined) return false
  const pattern = javaRegex(regex).whole
  try {
    return vm.runInNewContext('pattern.test(topic)', { pattern, topic }, { timeout: MATCH_TIMEOUT_MS }) === true
  } catch {
    return false
  }
}
