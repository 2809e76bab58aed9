/** Settings that several transforms share, and the list of field names as Kafka Connect checks it. */
import { anyNonDuplicateValues, validatedBy } from '@sluice/sdk'
import type { Validator } from '@sluice/sdk'

/** Whether a null field with a default counts as the default (KIP-1040). */
export const replaceNullWithDefault = {
  type: 'boolean',
  default: true,
  importance: 'medium',
  documentation: 'Whether a field that is null is taken for its default, if its schema has one.',
} as const

/** A list that must name something, each thing once. */
export const nonEmptyList: ReturnType<typeof anyNonDuplicateValues> = anyNonDuplicateValues(false)

/** As Debezium checks a list: it must name something, and may name it twice. */
export const someNames: Validator = validatedBy('non-empty list', (list, name) => {
  const names = list as readonly string[]
  if (names.length > 0 && !names.includes('')) return undefined
  const reason = names.length === 0 ? 'A value is required' : 'Empty string element(s) not permitted'
  return `The '${name}' value is invalid: ${reason}`
})
