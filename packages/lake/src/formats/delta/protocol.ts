/**
 * The gate before a table: what it asks of readers and writers, and whether this writer has it (PROTOCOL.md, "Protocol
 * Evolution" and "Table Features"). A feature that is not known is refused by its name: guessing could break the table for
 * everybody.
 */
import { SluiceError } from '@sluice/sdk'
import type { MetadataAction, ProtocolAction } from './actions.ts'
import { fieldId, isMapped } from './column-mapping.ts'
import { nestedOf } from './schema.ts'
import type { DeltaField, DeltaSchema, DeltaType } from './schema.ts'

/** What new tables ask for: every reader and writer of Delta has it. */
export const DEFAULT_PROTOCOL: ProtocolAction = { minReaderVersion: 1, minWriterVersion: 2 }

/** What the old version numbers stand for. Reader 3 and writer 7 name their features instead. */
const READER_VERSIONS: Readonly<Record<number, readonly string[]>> = { 1: [], 2: ['columnMapping'] }
const WRITER_VERSIONS: Readonly<Record<number, readonly string[]>> = {
  1: [],
  2: ['appendOnly', 'invariants'],
  3: ['appendOnly', 'invariants', 'checkConstraints'],
  4: ['appendOnly', 'invariants', 'checkConstraints', 'changeDataFeed', 'generatedColumns'],
  5: ['appendOnly', 'invariants', 'checkConstraints', 'changeDataFeed', 'generatedColumns', 'columnMapping'],
  6: [
    'appendOnly',
    'invariants',
    'checkConstraints',
    'changeDataFeed',
    'generatedColumns',
    'columnMapping',
    'identityColumns',
  ],
}

type Objection = (metadata: MetadataAction, schema: DeltaSchema) => string | undefined

/** The writer features that an appending writer can honour, and what in a table would still be too much for it. */
const WRITER_FEATURES: ReadonlyMap<string, Objection> = new Map<string, Objection>([
  ['appendOnly', () => undefined],
  ['invariants', (_, schema) => columnWith(schema, 'delta.invariants', 'an invariant')],
  [
    'checkConstraints',
    ({ configuration }) => {
      const key = Object.keys(configuration).find((name) => name.startsWith('delta.constraints.'))
      return key === undefined ? undefined : `the CHECK constraint ${key.slice('delta.constraints.'.length)}`
    },
  ],
  // Commits that only add files need no change files: PROTOCOL.md, "Add CDC File".
  ['changeDataFeed', () => undefined],
  ['generatedColumns', (_, schema) => columnWith(schema, 'delta.generationExpression', 'a generation expression')],
  ['identityColumns', (_, schema) => columnWith(schema, 'delta.identity.start', 'identity values')],
  ['columnMapping', ({ configuration }, schema) => (isMapped(configuration) ? unmapped(schema) : undefined)],
  // The types of columns say it all.
  ['timestampNtz', () => undefined],
  ['typeWidening', () => undefined],
  // What others write there is kept; see `Snapshot`.
  ['domainMetadata', () => undefined],
  // Both forms are read and written; the old one is good for such a table, too.
  ['v2Checkpoint', () => undefined],
  // Asks something of those who vacuum.
  ['vacuumProtocolCheck', () => undefined],
])

/** The features among them that readers must have as well. */
const READER_FEATURES: ReadonlySet<string> = new Set([
  'columnMapping',
  'timestampNtz',
  'typeWidening',
  'v2Checkpoint',
  'vacuumProtocolCheck',
])

/** @throws SluiceError TABLE_UNSUPPORTED naming the feature, when this writer may not append to the table */
export function checkAppendable(
  table: string,
  protocol: ProtocolAction,
  metadata: MetadataAction,
  schema: DeltaSchema,
): void {
  for (const feature of readerFeaturesOf(table, protocol))
    if (!READER_FEATURES.has(feature))
      throw unsupported(table, `its readers need the feature ${feature}`, 'Write to a table without it.')
  for (const feature of writerFeaturesOf(table, protocol)) {
    const objection = WRITER_FEATURES.get(feature)
    if (objection === undefined)
      throw unsupported(table, `its writers need the feature ${feature}`, 'Write to a table without it.')
    const found = objection(metadata, schema)
    if (found !== undefined)
      throw unsupported(
        table,
        `it has ${found}, which this writer cannot check`,
        'Remove it, or write to another table.',
      )
  }
}

function readerFeaturesOf(table: string, protocol: ProtocolAction): readonly string[] {
  const version = protocol.minReaderVersion
  if (version === 3) return protocol.readerFeatures ?? []
  const features = READER_VERSIONS[version]
  if (features === undefined) throw unsupported(table, `it asks for reader version ${version}`, 'Update Sluice.')
  return features
}

/** At version 7 a feature that readers need as well is listed on both sides. */
function writerFeaturesOf(table: string, protocol: ProtocolAction): readonly string[] {
  const version = protocol.minWriterVersion
  if (version === 7) return protocol.writerFeatures ?? []
  const features = WRITER_VERSIONS[version]
  if (features === undefined) throw unsupported(table, `it asks for writer version ${version}`, 'Update Sluice.')
  return features
}

/**
 * The protocol that asks for these features as well, at the lowest price for readers and writers; the very same object when
 * it already does. What old versions stood for is named where version 7 needs names.
 */
export function protocolWith(table: string, current: ProtocolAction, wanted: Iterable<string>): ProtocolAction {
  const writer = new Set(writerFeaturesOf(table, current))
  const missing = Array.from(wanted).filter((feature) => !writer.has(feature) || !readersHave(table, current, feature))
  if (missing.length === 0) return current
  const { minReaderVersion, minWriterVersion } = current
  if (minWriterVersion < 7 && missing.every((feature) => feature === 'columnMapping'))
    return { minReaderVersion: Math.max(2, minReaderVersion), minWriterVersion: Math.max(5, minWriterVersion) }
  const writerFeatures = [...new Set([...writer, ...missing])]
  const readerFeatures = [...new Set([...readerFeaturesOf(table, current), ...missing])].filter((feature) =>
    READER_FEATURES.has(feature),
  )
  if (readerFeatures.length === 0) return { minReaderVersion, minWriterVersion: 7, writerFeatures }
  return { minReaderVersion: 3, minWriterVersion: 7, readerFeatures, writerFeatures }
}

function readersHave(table: string, protocol: ProtocolAction, feature: string): boolean {
  return !READER_FEATURES.has(feature) || readerFeaturesOf(table, protocol).includes(feature)
}

/** The features that a table's columns and properties need. */
export function neededFeatures(schema: DeltaSchema, properties: Readonly<Record<string, string>>): string[] {
  const features: string[] = []
  if (schema.fields.some(({ type }) => holdsType(type, 'timestamp_ntz'))) features.push('timestampNtz')
  if (properties['delta.enableTypeWidening'] === 'true') features.push('typeWidening')
  if (isMapped(properties)) features.push('columnMapping')
  if (properties['delta.checkpointPolicy'] === 'v2') features.push('v2Checkpoint')
  return features
}

function holdsType(type: DeltaType, word: string): boolean {
  if (type === word) return true
  const nested = nestedOf(type)
  if (nested?.kind === 'struct') return nested.fields.some((field) => holdsType(field.type, word))
  if (nested?.kind === 'array') return holdsType(nested.element, word)
  return nested?.kind === 'map' && (holdsType(nested.key, word) || holdsType(nested.value, word))
}

function columnWith(schema: DeltaSchema, key: string, what: string): string | undefined {
  const field = findField(schema.fields, ({ metadata }) => metadata[key] !== undefined)
  return field === undefined ? undefined : `${what} on column ${field.name}`
}

function unmapped(schema: DeltaSchema): string | undefined {
  const field = findField(schema.fields, (candidate) => fieldId(candidate) === undefined)
  return field === undefined ? undefined : `mapped columns, and no id for column ${field.name},`
}

function findField(fields: readonly DeltaField[], wanted: (field: DeltaField) => boolean): DeltaField | undefined {
  for (const field of fields) {
    const found = wanted(field) ? field : findFieldIn(field.type, wanted)
    if (found !== undefined) return found
  }
  return undefined
}

function findFieldIn(type: DeltaType, wanted: (field: DeltaField) => boolean): DeltaField | undefined {
  const nested = nestedOf(type)
  if (nested?.kind === 'struct') return findField(nested.fields, wanted)
  if (nested?.kind === 'array') return findFieldIn(nested.element, wanted)
  return nested?.kind === 'map' ? (findFieldIn(nested.key, wanted) ?? findFieldIn(nested.value, wanted)) : undefined
}

function unsupported(table: string, why: string, remedy: string): SluiceError {
  return new SluiceError('TABLE_UNSUPPORTED', `The table ${table} cannot be written: ${why}`, { remedy })
}
