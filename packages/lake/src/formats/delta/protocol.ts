/**
 * The gate before a table: what it asks of readers and writers, and whether this writer has it (PROTOCOL.md, "Protocol
 * Evolution" and "Table Features"). A feature that is not known is refused by its name: guessing could break the table for
 * everybody.
 */
import { SluiceError } from '@sluice/sdk'
import type { MetadataAction, ProtocolAction } from './actions.ts'
import type { DeltaSchema } from './schema.ts'

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
])

/** @throws SluiceError TABLE_UNSUPPORTED naming the feature, when this writer may not append to the table */
export function checkAppendable(
  table: string,
  protocol: ProtocolAction,
  metadata: MetadataAction,
  schema: DeltaSchema,
): void {
  for (const feature of readerFeaturesOf(table, protocol))
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

function columnWith(schema: DeltaSchema, key: string, what: string): string | undefined {
  const field = schema.fields.find(({ metadata }) => metadata[key] !== undefined)
  return field === undefined ? undefined : `${what} on column ${field.name}`
}

function unsupported(table: string, why: string, remedy: string): SluiceError {
  return new SluiceError('TABLE_UNSUPPORTED', `The table ${table} cannot be written: ${why}`, { remedy })
}
