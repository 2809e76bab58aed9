/** A transaction that was aborted, as a broker's answer to a fetch lists it. */
export interface AbortedTransaction {
  readonly producerId: string
  readonly firstOffset: string
}

/** Of a record, what tells whether it was aborted. */
export interface ReadRecord {
  readonly offset: string
  readonly key: Buffer | null
  readonly isControlRecord: boolean
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean }
}

/** The type of a marker is the second half of its key: 0 aborts. */
const TYPE_AT = 2

/**
 * The records of one answer of a broker without those of aborted transactions, in their order: of a producer, those from the first offset
 * of such a transaction up to its marker (KIP-98).
 */
export function withoutAborted<T extends ReadRecord>(
  records: readonly T[],
  aborted: readonly AbortedTransaction[] | null | undefined,
): T[] {
  const coming = (aborted ?? []).map(({ producerId, firstOffset }) => ({ producerId, first: BigInt(firstOffset) }))
  coming.sort((a, b) => (a.first < b.first ? -1 : 1))
  const open = new Set<string>()
  return records.filter(({ offset, key, isControlRecord, batchContext: { producerId, inTransaction } }) => {
    // All of them that have begun: an answer may begin within several.
    while (coming.length > 0 && coming[0]!.first <= BigInt(offset)) open.add(coming.shift()!.producerId)
    if (!isControlRecord) return !inTransaction || !open.has(producerId)
    if (key!.readInt16BE(TYPE_AT) === 0) open.delete(producerId)
    return true
  })
}
