/** Single message transforms and predicates: one file each, one line here. */
import type { PredicatePlugin, TransformPlugin } from '@sluice/sdk'
import { hasHeaderKey } from './predicates/has-header-key.ts'
import { recordIsTombstone } from './predicates/record-is-tombstone.ts'
import { topicNameMatches } from './predicates/topic-name-matches.ts'
import { byLogicalTableRouter } from './transforms/by-logical-table-router.ts'
import { bytesToString } from './transforms/bytes-to-string.ts'
import { caseTransform } from './transforms/case-transform.ts'
import { cast } from './transforms/cast.ts'
import { changeTopicCase } from './transforms/change-topic-case.ts'
import { concatFields } from './transforms/concat-fields.ts'
import { conditionalFilter } from './transforms/conditional-filter.ts'
import { contentBasedRouter } from './transforms/content-based-router.ts'
import { contentFilter } from './transforms/content-filter.ts'
import { decodeLogicalDecodingMessageContent } from './transforms/decode-logical-decoding-message-content.ts'
import { drop } from './transforms/drop.ts'
import { dropHeaders } from './transforms/drop-headers.ts'
import { enforceRecordSize } from './transforms/enforce-record-size.ts'
import { eventRouter } from './transforms/event-router.ts'
import { extractChangedRecordState } from './transforms/extract-changed-record-state.ts'
import { extractField } from './transforms/extract-field.ts'
import { extractNestedField } from './transforms/extract-nested-field.ts'
import { extractNewRecordState } from './transforms/extract-new-record-state.ts'
import { extractTimestamp } from './transforms/extract-timestamp.ts'
import { extractTopic } from './transforms/extract-topic.ts'
import { filter } from './transforms/filter.ts'
import { filterByFieldValue } from './transforms/filter-by-field-value.ts'
import { flatten } from './transforms/flatten.ts'
import { gzipDecompress } from './transforms/gzip-decompress.ts'
import { hash } from './transforms/hash.ts'
import { hashField } from './transforms/hash-field.ts'
import { headerFrom } from './transforms/header-from.ts'
import { headerToValue } from './transforms/header-to-value.ts'
import { hoistField } from './transforms/hoist-field.ts'
import { insertField } from './transforms/insert-field.ts'
import { insertHeader } from './transforms/insert-header.ts'
import { insertUuid } from './transforms/insert-uuid.ts'
import { keyToValue } from './transforms/key-to-value.ts'
import { makeTombstone } from './transforms/make-tombstone.ts'
import { maskField } from './transforms/mask-field.ts'
import { messageTimestampRouter } from './transforms/message-timestamp-router.ts'
import { partitionRouting } from './transforms/partition-routing.ts'
import { patternFilter } from './transforms/pattern-filter.ts'
import { patternRename } from './transforms/pattern-rename.ts'
import { regexRouter } from './transforms/regex-router.ts'
import { replaceField } from './transforms/replace-field.ts'
import { schemaChangeEventFilter } from './transforms/schema-change-event-filter.ts'
import { setSchemaMetadata } from './transforms/set-schema-metadata.ts'
import { timestampConverter } from './transforms/timestamp-converter.ts'
import { timestampRouter } from './transforms/timestamp-router.ts'
import { timezoneConverter } from './transforms/timezone-converter.ts'
import { tombstoneHandler } from './transforms/tombstone-handler.ts'
import { topicRegexRouter } from './transforms/topic-regex-router.ts'
import { truncateField } from './transforms/truncate-field.ts'
import { valueToKey } from './transforms/value-to-key.ts'
import { vectorToJsonConverter } from './transforms/vector-to-json-converter.ts'

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
  headerToValue,
  partitionRouting,
  timezoneConverter,
  decodeLogicalDecodingMessageContent,
  schemaChangeEventFilter,
  enforceRecordSize,
  vectorToJsonConverter,
  ...conditionalFilter,
  ...drop,
  ...extractTopic,
  ...gzipDecompress,
  messageTimestampRouter,
  tombstoneHandler,
  topicRegexRouter,
  ...caseTransform,
  ...concatFields,
  ...extractTimestamp,
  ...filterByFieldValue,
  ...hash,
  keyToValue,
  makeTombstone,
  ...bytesToString,
  changeTopicCase,
  ...extractNestedField,
  ...patternFilter,
  ...patternRename,
  ...insertUuid,
]

export const predicates: readonly PredicatePlugin[] = [hasHeaderKey, recordIsTombstone, topicNameMatches]
