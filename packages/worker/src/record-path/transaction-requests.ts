import { SluiceError, type SourceRecord, type TransactionContext } from '@sluice/sdk'

export type TransactionEnd = 'commit' | 'abort'

/** Records up to an end of the transaction, or, with null, up to where the poll ended. */
export interface TransactionCut {
  readonly records: readonly SourceRecord[]
  readonly end: TransactionEnd | null
}

/**
 * What a connector asked of its transactions (`transaction.boundary=connector`, KIP-618), until the records come by that it asked it
 * for. A record is told by its identity, as it was polled: transforms do not matter.
 */
export class TransactionRequests implements TransactionContext {
  readonly #commits = new Set<SourceRecord>()
  readonly #aborts = new Set<SourceRecord>()
  #commitsBatch = false
  #abortsBatch = false

  commit(last?: SourceRecord): void {
    if (last === undefined) this.#commitsBatch = true
    else this.#commits.add(last)
  }

  abort(last?: SourceRecord): void {
    if (last === undefined) this.#abortsBatch = true
    else this.#aborts.add(last)
  }

  /**
   * What a poll returned, cut behind every record that was asked for. The last cut is what lies behind the last of them, perhaps nothing,
   * and ends as was asked for the whole batch.
   * @throws SluiceError TASK_FAILED when both a commit and an abort were asked for at one place
   */
  cuts(records: readonly SourceRecord[]): readonly TransactionCut[] {
    const cuts: TransactionCut[] = []
    let from = 0
    if (this.#commits.size > 0 || this.#aborts.size > 0) {
      for (let i = 0; i < records.length; i++) {
        const record = records[i]!
        const end = endOf(this.#commits.delete(record), this.#aborts.delete(record), 'record')
        if (end === null) continue
        cuts.push({ records: records.slice(from, i + 1), end })
        from = i + 1
      }
    }
    cuts.push({ records: from === 0 ? records : records.slice(from), end: this.takeBatchEnd() })
    return cuts
  }

  /** What was asked for the whole batch and has not been done yet. @throws SluiceError TASK_FAILED, as `cuts` */
  takeBatchEnd(): TransactionEnd | null {
    const end = endOf(this.#commitsBatch, this.#abortsBatch, 'batch')
    this.#commitsBatch = false
    this.#abortsBatch = false
    return end
  }
}

function endOf(isCommit: boolean, isAbort: boolean, what: 'record' | 'batch'): TransactionEnd | null {
  if (isCommit && isAbort)
    throw new SluiceError('TASK_FAILED', `The connector asked both to commit and to abort behind the same ${what}`, {
      remedy: 'Have the connector corrected by its author; nothing of the open transaction becomes visible.',
    })
  return isCommit ? 'commit' : isAbort ? 'abort' : null
}
