/** Single message transforms and predicates: one file each, one line here. */
import type { PredicatePlugin, TransformPlugin } from '@sluice/sdk'
import { hasHeaderKey } from './predicates/has-header-key.ts'
import { recordIsTombstone } from './predicates/record-is-tombstone.ts'
import { topicNameMatches } from './predicates/topic-name-matches.ts'
import { byLogicalTableRouter } from './transforms/by-logical-table-router.ts'
import { cast } from './transforms/cast.ts'
import { conditionalFilter } from './transforms/conditional-filter.ts'
import { contentBasedRouter } from './transforms/content-based-router.ts'
import { contentFilter } from './transforms/content-filter.ts'
import { dropHeaders } from './transforms/drop-headers.ts'
import { eventRouter } from './transforms/event-router.ts'
import { extractChangedRecordState } from './transforms/extract-changed-record-state.ts'
import { extractField } from './transforms/extract-field.ts'
import { extractNewRecordState } from './transforms/extract-new-record-state.ts'
import { filter } from './transforms/filter.ts'
import { flatten } from './transforms/flatten.ts'
import { hashField } from './transforms/hash-field.ts'
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
import { truncateField } from './transforms/truncate-field.ts'
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
  ...hashField,
  ...truncateField,
  extractNewRecordState,
  extractChangedRecordState,
  eventRouter,
  byLogicalTableRouter,
  contentFilter,
  contentBasedRouter,
  ...conditionalFilter,
]

export const predicates: readonly PredicatePlugin[] = [hasHeaderKey, recordIsTombstone, topicNameMatches]
