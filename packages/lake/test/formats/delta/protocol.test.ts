import { describe, expect, test } from '@jest/globals'
import type { MetadataAction, ProtocolAction } from '../../../src/formats/delta/actions.ts'
import { checkAppendable, protocolWith } from '../../../src/formats/delta/protocol.ts'
import type { DeltaField } from '../../../src/formats/delta/schema.ts'

const plain: MetadataAction = { id: 'x', schemaString: '', partitionColumns: [], configuration: {} }
const column = (metadata: DeltaField['metadata'] = {}): DeltaField => ({
  name: 'c',
  type: 'long',
  nullable: true,
  metadata,
})

function refusal(
  protocol: ProtocolAction,
  metadata: Partial<MetadataAction> = {},
  field: DeltaField = column(),
): string | undefined {
  try {
    checkAppendable('t', protocol, { ...plain, ...metadata }, { fields: [field] })
    return undefined
  } catch (error) {
    expect(error).toMatchObject({ code: 'TABLE_UNSUPPORTED', retriable: false })
    return (error as Error).message
  }
}

describe('which tables may be appended to', () => {
  test.each([1, 2, 3, 4, 5, 6])('reader 1 with writer %d, when its features are not in use', (minWriterVersion) => {
    expect(refusal({ minReaderVersion: 1, minWriterVersion })).toBeUndefined()
  })

  test('writer 7 that lists only what an append honours', () => {
    const writerFeatures = ['appendOnly', 'invariants', 'checkConstraints', 'changeDataFeed', 'generatedColumns']
    expect(refusal({ minReaderVersion: 1, minWriterVersion: 7, writerFeatures })).toBeUndefined()
    expect(refusal({ minReaderVersion: 3, minWriterVersion: 7, readerFeatures: [], writerFeatures })).toBeUndefined()
  })

  test.each([
    [{ minReaderVersion: 4, minWriterVersion: 2 }, 'reader version 4'],
    [{ minReaderVersion: 1, minWriterVersion: 8 }, 'writer version 8'],
    [
      { minReaderVersion: 3, minWriterVersion: 7, readerFeatures: ['deletionVectors'], writerFeatures: [] },
      'deletionVectors',
    ],
    [{ minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ['rowTracking'] }, 'rowTracking'],
    [{ minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ['madeUpTomorrow'] }, 'madeUpTomorrow'],
  ])('%j is refused by name: %s', (protocol, name) => {
    expect(refusal(protocol)).toContain(name)
  })

  test('what a writer would have to check and cannot is refused by name', () => {
    const protocol = { minReaderVersion: 1, minWriterVersion: 4 }
    expect(refusal(protocol, { configuration: { 'delta.constraints.positive': 'c > 0' } })).toContain(
      'CHECK constraint positive',
    )
    expect(refusal({ minReaderVersion: 1, minWriterVersion: 6 }, {}, column({ 'delta.identity.start': 1 }))).toContain(
      'identity values on column c',
    )
    expect(refusal(protocol, {}, column({ 'delta.invariants': '{}' }))).toContain('invariant on column c')
    expect(refusal(protocol, {}, column({ 'delta.generationExpression': 'a' }))).toContain('column c')
  })

  test('what a field inside a struct, a list or a map asks for counts as well', () => {
    const inner = { name: 'deep', type: 'long', nullable: true, metadata: { 'delta.invariants': '{}' } }
    const struct = { type: 'struct', fields: [inner] }
    const list = { type: 'array', elementType: struct, containsNull: true }
    const map = { type: 'map', keyType: 'string', valueType: list, valueContainsNull: true }
    const field = { ...column(), type: map }
    expect(refusal({ minReaderVersion: 1, minWriterVersion: 2 }, {}, field)).toContain('invariant on column deep')
  })

  test('mapped columns are taken when each has its id; a column without one is named', () => {
    const protocol = { minReaderVersion: 2, minWriterVersion: 5 }
    const mapped = { configuration: { 'delta.columnMapping.mode': 'name' } }
    const ids = { 'delta.columnMapping.id': 1, 'delta.columnMapping.physicalName': 'col-1' }
    expect(refusal(protocol)).toBeUndefined()
    expect(refusal(protocol, mapped, column(ids))).toBeUndefined()
    expect(refusal(protocol, mapped)).toContain('no id for column c')
  })

  test.each(['timestampNtz', 'typeWidening', 'columnMapping', 'v2Checkpoint', 'vacuumProtocolCheck'])(
    'the feature %s of reader 3 and writer 7 is taken',
    (feature) => {
      const features = { readerFeatures: [feature], writerFeatures: [feature, 'domainMetadata'] }
      expect(refusal({ minReaderVersion: 3, minWriterVersion: 7, ...features })).toBeUndefined()
    },
  )

  test('partitioned tables, and tables that forget old txn entries, are taken', () => {
    const protocol = { minReaderVersion: 1, minWriterVersion: 2 }
    const configuration = { 'delta.setTransactionRetentionDuration': 'interval 7 days' }
    expect(refusal(protocol, { partitionColumns: ['day'], configuration })).toBeUndefined()
  })
})

describe('the protocol that has more features', () => {
  const plain: ProtocolAction = { minReaderVersion: 1, minWriterVersion: 2 }

  test('what is there already changes nothing', () => {
    const seven: ProtocolAction = { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ['domainMetadata'] }
    expect(protocolWith('t', plain, [])).toBe(plain)
    expect(protocolWith('t', plain, ['appendOnly'])).toBe(plain)
    expect(protocolWith('t', seven, ['domainMetadata'])).toBe(seven)
  })

  test('column mapping alone keeps to the versions that older readers know', () => {
    expect(protocolWith('t', plain, ['columnMapping'])).toEqual({ minReaderVersion: 2, minWriterVersion: 5 })
  })

  test('a feature of writers costs readers nothing; what the old version stood for is named', () => {
    expect(protocolWith('t', plain, ['domainMetadata'])).toEqual({
      minReaderVersion: 1,
      minWriterVersion: 7,
      writerFeatures: ['appendOnly', 'invariants', 'domainMetadata'],
    })
  })

  test('a feature of readers is named on both sides, with those that they had to have before', () => {
    expect(protocolWith('t', { minReaderVersion: 2, minWriterVersion: 5 }, ['timestampNtz'])).toEqual({
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ['columnMapping', 'timestampNtz'],
      writerFeatures: [
        'appendOnly',
        'invariants',
        'checkConstraints',
        'changeDataFeed',
        'generatedColumns',
        'columnMapping',
        'timestampNtz',
      ],
    })
  })

  test('column mapping that only writers know of is asked of readers too', () => {
    expect(protocolWith('t', { minReaderVersion: 1, minWriterVersion: 5 }, ['columnMapping'])).toEqual({
      minReaderVersion: 2,
      minWriterVersion: 5,
    })
  })
})
