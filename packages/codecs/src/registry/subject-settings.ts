/** The settings that all converters with a schema registry share: of the registry, and which subject a schema belongs to. */
import { REGISTRY_SETTINGS } from '@sluice/schema-registry'

const STRATEGIES =
  'TopicNameStrategy, RecordNameStrategy or TopicRecordNameStrategy, or its Java class: which subject a schema belongs to.'

export const SUBJECT_SETTINGS = {
  ...REGISTRY_SETTINGS,
  'key.subject.name.strategy': {
    type: 'string',
    default: 'TopicNameStrategy',
    importance: 'medium',
    group: 'Schema registry',
    documentation: `For keys: ${STRATEGIES}`,
  },
  'value.subject.name.strategy': {
    type: 'string',
    default: 'TopicNameStrategy',
    importance: 'medium',
    group: 'Schema registry',
    documentation: `For values: ${STRATEGIES}`,
  },
} as const

/** What of them RegistryConverter reads itself. */
export interface SubjectSettings {
  readonly 'key.subject.name.strategy': string
  readonly 'value.subject.name.strategy': string
  readonly 'use.latest.version': boolean
  readonly 'auto.register.schemas': boolean
  readonly 'normalize.schemas': boolean
}
