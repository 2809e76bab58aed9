import { describe, expect, test } from '@jest/globals'
import type { MetadataAction, ProtocolAction } from '../../../src/formats/delta/actions.ts'
import { checkAppendable } from '../../../src/formats/delta/protocol.ts'
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
  test.each([1, 2, 3, 4])('reader 1 with writer %d, when its features are not in use', (minWriterVersion) => {
    expect(refusal({ minReaderVersion: 1, minWriterVersion })).toBeUndefined()
  })

  test('writer 7 that lists only what an append honours', () => {
    const writerFeatures = ['appendOnly', 'invariants', 'checkConstraints', 'changeDataFeed', 'generatedColumns']
    expect(refusal({ minReaderVersion: 1, minWriterVersion: 7, writerFeatures })).toBeUndefined()
    expect(refusal({ minReaderVersion: 3, minWriterVersion: 7, readerFeatures: [], writerFeatures })).toBeUndefined()
  })

  test.each([
    [{ minReaderVersion: 2, minWriterVersion: 5 }, 'columnMapping'],
    [{ minReaderVersion: 1, minWriterVersion: 6 }, 'columnMapping'],
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
    expect(refusal(protocol, {}, column({ 'delta.invariants': '{}' }))).toContain('invariant on column c')
    expect(refusal(protocol, {}, column({ 'delta.generationExpression': 'a' }))).toContain('column c')
  })

  test('partitioned tables, and tables that forget old txn entries, are taken', () => {
    const protocol = { minReaderVersion: 1, minWriterVersion: 2 }
    const configuration = { 'delta.setTransactionRetentionDuration': 'interval 7 days' }
    expect(refusal(protocol, { partitionColumns: ['day'], configuration })).toBeUndefined()
  })
})
