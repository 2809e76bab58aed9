/** The state of a table at one version: what remains of all actions so far (PROTOCOL.md, "Action Reconciliation"). */
import { SluiceError } from '@sluice/sdk'
import { fileKey } from './actions.ts'
import type {
  Action,
  AddAction,
  DomainMetadataAction,
  FileAction,
  MetadataAction,
  ProtocolAction,
  RemoveAction,
  TxnAction,
} from './actions.ts'
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
  /** Files that were removed; readers of older versions may still need them. */
  readonly tombstones: Iterable<RemoveAction>
  /** Newest per application. */
  readonly txns: Iterable<TxnAction>
  /** Live configurations of domains, those of others among them. */
  readonly domains: Iterable<DomainMetadataAction>
  /** Whether a file is live that has this path (as logged, or decoded) and deletion vector. */
  hasFile(file: FileAction): boolean
  /** The configuration of a domain, if it has one. */
  domain(name: string): string | undefined
  /** How far an application got; undefined when it never wrote here, or was set back to its beginning, which is below 0. */
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
  readonly #tombstones = new Map<string, RemoveAction>()
  readonly #txns = new Map<string, TxnAction>()
  readonly #domains = new Map<string, DomainMetadataAction>()
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
    const version = this.#txns.get(appId)?.version
    return version === undefined || version < 0 ? undefined : version
  }
  get tombstones(): Iterable<RemoveAction> {
    return this.#tombstones.values()
  }
  get txns(): Iterable<TxnAction> {
    return this.#txns.values()
  }
  get domains(): Iterable<DomainMetadataAction> {
    return this.#domains.values()
  }
  hasFile(file: FileAction): boolean {
    return this.#files.has(fileKey(file))
  }
  domain(name: string): string | undefined {
    return this.#domains.get(name)?.configuration
  }
  versionOfCommit(txnId: string): number | undefined {
    return this.#commitIds.get(txnId)
  }

  /** Takes the actions of the next version. */
  apply(version: number, actions: readonly Action[]): void {
    if (version !== this.version + 1) this.#incomplete(`version ${this.version + 1}`)
    this.#take(version, actions)
  }

  /** Starts anew from a checkpoint, which says all there is to say of its version. */
  restart(version: number, actions: readonly Action[]): void {
    this.#files.clear()
    this.#tombstones.clear()
    this.#txns.clear()
    this.#domains.clear()
    this.#protocol = undefined
    this.#metadata = undefined
    this.#schema = undefined
    this.#take(version, actions)
  }

  /** Forgets tombstones from before that time (milliseconds since the epoch); those without a time count as the oldest. */
  expireTombstones(beforeMs: number): void {
    for (const [key, { deletionTimestamp = 0 }] of this.#tombstones)
      if (deletionTimestamp < beforeMs) this.#tombstones.delete(key)
  }

  #take(version: number, actions: readonly Action[]): void {
    for (const action of actions) {
      if ('add' in action) this.#add(action.add)
      else if ('remove' in action) this.#remove(action.remove)
      else if ('txn' in action) this.#txns.set(action.txn.appId, action.txn)
      else if ('metaData' in action) this.#setMetadata(action.metaData)
      else if ('protocol' in action) this.#protocol = action.protocol
      else if ('domainMetadata' in action) this.#setDomain(action.domainMetadata)
      else this.#remember(action.commitInfo.txnId, version)
    }
    this.version = version
  }

  #add(add: AddAction): void {
    const key = fileKey(add)
    this.#files.set(key, add)
    this.#tombstones.delete(key)
  }

  #remove(remove: RemoveAction): void {
    const key = fileKey(remove)
    this.#files.delete(key)
    this.#tombstones.set(key, remove)
  }

  #setDomain(domain: DomainMetadataAction): void {
    if (domain.removed) this.#domains.delete(domain.domain)
    else this.#domains.set(domain.domain, domain)
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
