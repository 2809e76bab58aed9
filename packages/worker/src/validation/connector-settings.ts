/** What every connector may be given: Kafka Connect's `ConnectorConfig`, in its order, with its defaults. */
import {
  anyNonDuplicateValues,
  atLeast,
  defineSettings,
  invalidValue,
  nonEmptyStringWithoutControlChars,
  oneOf,
  type Validator,
} from '@sluice/sdk'

/** More is a mistake, and would make every answer about the config as long. */
export const ALIASES_MAX = 256

/** Aliases, each once. Connect's own words for one that comes twice are not those of its other lists. */
export const aliasList: Validator = {
  ...anyNonDuplicateValues(),
  check(name, value) {
    if (Array.isArray(value) && value.length > ALIASES_MAX)
      return `Invalid value for configuration ${name}: exceeds maximum list size of [${ALIASES_MAX}].`
    const twice = Array.isArray(value) && new Set<unknown>(value).size !== value.length
    return twice
      ? invalidValue(name, value, 'Duplicate alias provided.')
      : anyNonDuplicateValues().check(name, value ?? [])
  },
}

/** The aliases that a list setting names, each once and no more than there may be: the setting itself complains about the others. */
export function aliasesOf(text: string | undefined): readonly string[] {
  const elements = (text ?? '').split(',', ALIASES_MAX).map((element) => element.trim())
  return [...new Set(elements)].filter((element) => element !== '')
}

const CONVERTER_DOCUMENTATION =
  "turns them into bytes and back, whatever the connector. Not given: the worker's, with the worker's settings for it."

export const connectorSettings = defineSettings({
  name: {
    type: 'string',
    validator: nonEmptyStringWithoutControlChars,
    importance: 'high',
    group: 'Common',
    order: 1,
    width: 'medium',
    displayName: 'Connector name',
    documentation: 'Globally unique name of the connector.',
  },
  'connector.class': {
    type: 'string',
    importance: 'high',
    group: 'Common',
    order: 2,
    width: 'long',
    displayName: 'Connector class',
    documentation:
      'Name of the connector: ours, a Java class name that is known for it, its last word, or that without "Connector".',
  },
  'connector.plugin.version': {
    type: 'string',
    default: null,
    importance: 'medium',
    group: 'Common',
    order: 3,
    width: 'medium',
    displayName: 'Connector version',
    documentation:
      'Version of the connector: an exact one, a range such as [1.0,2.0), or latest, which is the default.',
  },
  'tasks.max': {
    type: 'int',
    default: 1,
    validator: atLeast(1),
    importance: 'high',
    group: 'Common',
    order: 4,
    width: 'short',
    displayName: 'Tasks max',
    documentation: 'Most tasks this connector may use.',
  },
  'tasks.max.enforce': {
    type: 'boolean',
    default: true,
    importance: 'low',
    group: 'Common',
    order: 5,
    width: 'short',
    displayName: 'Enforce tasks max',
    documentation:
      'Whether a connector that makes more tasks than tasks.max fails. False: it is warned of only. Deprecated in Kafka Connect from the beginning.',
  },
  'key.converter': {
    type: 'class',
    default: null,
    importance: 'low',
    group: 'Common',
    order: 6,
    width: 'short',
    displayName: 'Key converter class',
    documentation: `Converter of keys: ${CONVERTER_DOCUMENTATION}`,
  },
  'key.converter.plugin.version': {
    type: 'string',
    default: null,
    importance: 'low',
    group: 'Common',
    order: 7,
    width: 'short',
    displayName: 'Key converter version',
    documentation: 'Version of the key converter: an exact one, a range, or latest.',
  },
  'value.converter': {
    type: 'class',
    default: null,
    importance: 'low',
    group: 'Common',
    order: 8,
    width: 'short',
    displayName: 'Value converter class',
    documentation: `Converter of values: ${CONVERTER_DOCUMENTATION}`,
  },
  'value.converter.plugin.version': {
    type: 'string',
    default: null,
    importance: 'low',
    group: 'Common',
    order: 9,
    width: 'short',
    displayName: 'Value converter version',
    documentation: 'Version of the value converter: an exact one, a range, or latest.',
  },
  'header.converter': {
    type: 'class',
    default: null,
    importance: 'low',
    group: 'Common',
    order: 10,
    width: 'short',
    displayName: 'Header converter class',
    documentation: `Converter of header values: ${CONVERTER_DOCUMENTATION}`,
  },
  'header.converter.plugin.version': {
    type: 'string',
    default: null,
    importance: 'low',
    group: 'Common',
    order: 11,
    width: 'short',
    displayName: 'Header converter version',
    documentation: 'Version of the header converter: an exact one, a range, or latest.',
  },
  transforms: {
    type: 'list',
    default: [],
    validator: aliasList,
    importance: 'low',
    group: 'Transforms',
    order: 12,
    width: 'long',
    displayName: 'Transforms',
    documentation: 'Aliases of the transforms, in the order they are applied.',
  },
  predicates: {
    type: 'list',
    default: [],
    validator: aliasList,
    importance: 'low',
    group: 'Predicates',
    order: 13,
    width: 'long',
    displayName: 'Predicates',
    documentation: 'Aliases of the predicates that transforms may name.',
  },
  'config.action.reload': {
    type: 'string',
    default: 'restart',
    validator: oneOf('none', 'restart'),
    importance: 'low',
    group: 'Common',
    order: 14,
    width: 'medium',
    displayName: 'Reload Action',
    documentation:
      'What is done when a value from a config provider runs out: restart makes the connector anew with the new value, none does nothing.',
  },
  'errors.retry.timeout': {
    type: 'long',
    default: 0,
    importance: 'medium',
    group: 'Error Handling',
    order: 1,
    width: 'medium',
    displayName: 'Retry Timeout for Errors',
    documentation:
      'Milliseconds during which a failed operation on a record is tried again; 0: not at all, -1: for ever.',
  },
  'errors.retry.delay.max.ms': {
    type: 'long',
    default: 60_000,
    importance: 'medium',
    group: 'Error Handling',
    order: 2,
    width: 'medium',
    displayName: 'Maximum Delay Between Retries for Errors',
    documentation: 'Longest wait between two tries, in milliseconds.',
  },
  'errors.tolerance': {
    type: 'string',
    default: 'none',
    validator: oneOf('none', 'all'),
    importance: 'medium',
    group: 'Error Handling',
    order: 3,
    width: 'short',
    displayName: 'Error Tolerance',
    documentation:
      'none: the first record that fails stops the task. all: such records become dead letters or, without a topic for those, are dropped with a count. Bytes that a source cannot read are never dropped: without that topic they stop the task.',
  },
  'errors.log.enable': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: 'Error Handling',
    order: 4,
    width: 'short',
    displayName: 'Log Errors',
    documentation: 'Whether each failed record is logged.',
  },
  'errors.log.include.messages': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: 'Error Handling',
    order: 5,
    width: 'short',
    displayName: 'Log Error Details',
    documentation:
      "Whether the log line of a failed record names the record's place (topic, partition, offset, or position). Never its content.",
  },
})
