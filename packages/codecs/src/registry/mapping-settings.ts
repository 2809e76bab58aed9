/** Settings of Confluent's data mappings that stand in several of its converters, each declared once. */
import { atLeast } from '@sluice/sdk'

export const MAPPING = 'Mapping'

export const SCHEMAS_CACHE = {
  type: 'int',
  default: 1000,
  validator: atLeast(1),
  importance: 'low',
  group: MAPPING,
  documentation: 'How many schemas are kept compiled.',
} as const

export const GENERALIZED_SUM_TYPE = {
  type: 'boolean',
  default: false,
  importance: 'medium',
  group: MAPPING,
  documentation: 'Whether unions and enums have the form that is the same for Avro, JSON Schema and Protobuf.',
} as const
