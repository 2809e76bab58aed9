/** Settings that several transforms share, and the list of field names as Kafka Connect checks it. */
import { anyNonDuplicateValues } from '@sluice/sdk'

/** Whether a null field with a default counts as the default (KIP-1040). */
export const replaceNullWithDefault = {
  type: 'boolean',
  default: true,
  importance: 'medium',
  documentation: 'Whether a field that is null is taken for its default, if its schema has one.',
} as const

/** A list that must name something, each thing once. */
export const nonEmptyList: ReturnType<typeof anyNonDuplicateValues> = anyNonDuplicateValues(false)
