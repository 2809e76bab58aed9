/** The state of a table at one version: what remains of all actions so far (PROTOCOL.md, "Action Reconciliation"). */
import { SluiceError } from '@sluice/sdk'
import type { Action, AddAction, MetadataAction, ProtocolAction } from './actions.ts'
import { parseSchemaString } from './schema.ts'
import type { DeltaSchema } from './schema.ts'

/** Read-only view; the table's log moves it forward. */
export interface DeltaSnapshot {
  readonly version: number
  readonly protocol: ProtocolAction
  readonly metadata: MetadataAction
  readonly schema: DeltaSchema
  /** The live data files, in the order in which they were added. */
  readonly files: Iterable<AddAction>
  readonly fileCount: number
  /** How far an application got; undefined when it never wrote here. */
  txnVersion(appId: string): number | bigint | undefined
  /** The version of the commit that carried this id, if it is among the latest thousand. */
  versionOfCommit(txnId: string): number | undefined
}

/** Ids remembered to recognise an own commit whose answer was lost. */
const COMMIT_IDS_MAX = 1000

export class Snapshot implements DeltaSnapshot {
  version = -1
  readonly #table: string
  readonly #files = new Map<string, AddAction>()
  readonly #txns = new Map<string, number | bigint>()
  readonly #commitIds = new Map<string, number>()
  #protocol: ProtocolAction | undefined
  #metadata: MetadataAction | undefined
  #schema: DeltaSchema | undefined

  /** @param table its name, for messages */
  constructor(table: string) {
    this.#table = table
  }

  get protocol(): ProtocolAction {
    return this.#protocol ?? this.#incomplete('protocol')
  }
  get metadata(): MetadataAction {
    return this.#metadata ?? this.#incomplete('metaData')
  }
  get schema(): DeltaSchema {
    return (this.#schema ??= parseSchemaString(this.metadata.schemaString, this.#table))
  }
  get files(): Iterable<AddAction> {
    return this.#files.values()
  }
  get fileCount(): number {
    return this.#files.size
  }
  txnVersion(appId: string): number | bigint | undefined {
    return this.#txns.get(appId)
  }
  versionOfCommit(txnId: string): number | undefined {
    return this.#commitIds.get(txnId)
  }

  /** Takes the actions of the next version. */
  apply(version: number, actions: readonly Action[]): void {
    if (version !== this.version + 1) this.#incomplete(`version ${this.version + 1}`)
    for (const action of actions) {
      if ('add' in action) this.#files.set(keyOf(action.add), action.add)
      else if ('remove' in action) this.#files.delete(keyOf(action.remove))
      else if ('txn' in action) this.#txns.set(action.txn.appId, action.txn.version)
      else if ('metaData' in action) this.#setMetadata(action.metaData)
      else if ('protocol' in action) this.#protocol = action.protocol
      else this.#remember(action.commitInfo.txnId, version)
    }
    this.version = version
  }

  #setMetadata(metadata: MetadataAction): void {
    if (metadata.schemaString !== this.#metadata?.schemaString) this.#schema = undefined
    this.#metadata = metadata
  }

  #remember(txnId: string | undefined, version: number): void {
    if (txnId === undefined) return
    this.#commitIds.set(txnId, version)
    if (this.#commitIds.size <= COMMIT_IDS_MAX) return
    const [oldest] = this.#commitIds.keys()
    this.#commitIds.delete(oldest!)
  }

  #incomplete(what: string): never {
    throw new SluiceError('DATA_INVALID', `The log of table ${this.#table} has no ${what}`, {
      remedy: 'Restore the missing part of _delta_log from a copy, or write to a new table.',
    })
  }
}

function keyOf(file: { readonly path: string; readonly deletionVectorId?: string }): string {
  return file.deletionVectorId === undefined ? file.path : `${file.path}\0${file.deletionVectorId}`
}
