/** Single message transforms and predicates: one file each, one line here. */
import type { PredicatePlugin, TransformPlugin } from '@sluice/sdk'
import { hasHeaderKey } from './predicates/has-header-key.ts'
import { recordIsTombstone } from './predicates/record-is-tombstone.ts'
import { topicNameMatches } from './predicates/topic-name-matches.ts'
import { cast } from './transforms/cast.ts'
import { dropHeaders } from './transforms/drop-headers.ts'
import { extractField } from './transforms/extract-field.ts'
import { filter } from './transforms/filter.ts'
import { flatten } from './transforms/flatten.ts'
import { headerFrom } from './transforms/header-from.ts'
import { hoistField } from './transforms/hoist-field.ts'
import { insertField } from './transforms/insert-field.ts'
import { insertHeader } from './transforms/insert-header.ts'
import { maskField } from './transforms/mask-field.ts'
import { regexRouter } from './transforms/regex-router.ts'
import { replaceField } from './transforms/replace-field.ts'
import { setSchemaMetadata } from './transforms/set-schema-metadata.ts'
import { timestampConverter } from './transforms/timestamp-converter.ts'
import { timestampRouter } from './transforms/timestamp-router.ts'
import { valueToKey } from './transforms/value-to-key.ts'

export { javaRegex, validRegex, type JavaRegex } from './java-regex.ts'

export const transforms: readonly TransformPlugin[] = [
  ...cast,
  dropHeaders,
  ...extractField,
  filter,
  ...flatten,
  ...headerFrom,
  ...hoistField,
  ...insertField,
  insertHeader,
  ...maskField,
  regexRouter,
  ...replaceField,
  ...setSchemaMetadata,
  ...timestampConverter,
  timestampRouter,
  valueToKey,
]

export const predicates: readonly PredicatePlugin[] = [hasHeaderKey, recordIsTombstone, topicNameMatches]
