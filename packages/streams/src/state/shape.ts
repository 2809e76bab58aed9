import type { StoreDefinition } from './definition.ts'

/** What must be the same for what was written to be read. */
export function shapeOf(definition: StoreDefinition): string {
  switch (definition.kind) {
    case 'window':
    case 'timestampedWindow':
      return `${definition.kind}, retention ${definition.retentionMs}${definition.retainDuplicates ? ', duplicates' : ''}`
    case 'session':
      return `${definition.kind}, retention ${definition.retentionMs}`
    case 'versioned':
      return `${definition.kind}, history ${definition.historyRetentionMs}`
    case 'keyValue':
    case 'timestampedKeyValue':
    case 'suppression':
    case 'recordBuffer':
    case 'outerJoin':
    default:
      return definition.kind
  }
}
