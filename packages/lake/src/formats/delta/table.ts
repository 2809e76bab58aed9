import { SluiceError } from '@sluice/sdk'
import type { ObjectStore } from '@sluice/object-store'
import type { AddAction, MetadataAction } from './actions.ts'
import { commit } from './commit.ts'
import type { CommitPlan, CommitPorts } from './commit.ts'
import { mergeSchemas, staleness } from './evolution.ts'
import { addLine, metadataLine, protocolLine, txnLine } from './lines.ts'
import { DeltaLog } from './log.ts'
import { decodePath, encodePath, isAbsolutePath } from './paths.ts'
import { DEFAULT_PROTOCOL, checkAppendable } from './protocol.ts'
import { schemaStringOf } from './schema.ts'
import type { DeltaSchema } from './schema.ts'
import { Snapshot } from './snapshot.ts'
import type { DeltaSnapshot } from './snapshot.ts'

/** A data file that was written and now shall belong to the table. */
export interface DataFile {
  /** Below the table, as the store knows it (not percent-encoded). Unique for all time. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly modifiedMs: number
  /** The text of `statsOf`. */
  readonly stats: string
  /** The table's schema for which it was written. */
  readonly schema: DeltaSchema
}

/** Progress of one application, moved in the same commit as the data: compare and set. */
export interface TxnClaim {
  readonly appId: string
  /** What the table shall hold afterwards. */
  readonly version: number
  /** What the writer believes it holds now; undefined: nothing. */
  readonly expected: number | undefined
}

export interface AppendRequest {
  /** Unique to this request. Repeating a request with the same id after a failure is safe. */
  readonly txnId: string
  readonly files: readonly DataFile[]
  readonly txns: readonly TxnClaim[]
  /** First and last offset per partition, for audits of the log alone. */
  readonly offsets?: Readonly<Record<string, readonly [number, number]>>
}

export interface DeltaPorts extends CommitPorts {
  readonly newId: () => string
}

/**
 * A Delta table that can be appended to. Calls are made one at a time; any number of processes may hold the same table.
 * What each method may throw besides what it names: STORE_UNAVAILABLE, TABLE_CONFLICT and INTERRUPTED as `commit` says, and
 * TABLE_UNSUPPORTED when the table now asks for what this writer does not have.
 */
export class DeltaTable {
  /** Where it is, for messages. */
  readonly name: string
  /** Its path in the store. */
  readonly path: string
  readonly #log: DeltaLog
  readonly #ports: DeltaPorts
  readonly #snapshot: Snapshot

  private constructor(store: ObjectStore, path: string, ports: DeltaPorts) {
    this.path = path
    this.name = `${store.url}/${path}`
    this.#log = new DeltaLog(store, path)
    this.#ports = ports
    this.#snapshot = new Snapshot(this.name)
  }

  /** The table at that path of the store, or undefined when there is none. */
  static async open(
    store: ObjectStore,
    path: string,
    ports: DeltaPorts,
    signal?: AbortSignal,
  ): Promise<DeltaTable | undefined> {
    const table = new DeltaTable(store, path, ports)
    if (!(await table.#log.replay(table.#snapshot, signal))) return undefined
    table.#checkAppendable(table.#snapshot)
    return table
  }

  /**
   * The table at that path, made if there is none, able to take rows of that schema. Of several creators one wins; the others
   * open what it made and add what their own schema has besides.
   * @throws SluiceError TABLE_SCHEMA as `evolve` does
   */
  static async openOrCreate(
    store: ObjectStore,
    path: string,
    schema: DeltaSchema,
    ports: DeltaPorts,
    signal?: AbortSignal,
  ): Promise<DeltaTable> {
    const table = new DeltaTable(store, path, ports)
    if (!(await table.#log.replay(table.#snapshot, signal))) await table.#create(schema, signal)
    table.#checkAppendable(table.#snapshot)
    await table.evolve(schema, signal)
    return table
  }

  /** What is known of the table now. */
  get snapshot(): DeltaSnapshot {
    return this.#snapshot
  }

  /** The live data files as paths in the store. Absolute paths, which other writers may log, stay as they are. */
  get filePaths(): string[] {
    return Array.from(this.#snapshot.files, (file) => this.#storePath(file.path))
  }

  /** Reads what others committed since. */
  async refresh(signal?: AbortSignal): Promise<void> {
    await this.#log.replay(this.#snapshot, signal)
    this.#checkAppendable(this.#snapshot)
  }

  /**
   * Adds the files and moves the progress, all in one entry of the log or not at all (invariant 5).
   * @returns the version that holds them
   * @throws SluiceError TABLE_FENCED when the table's progress is not what a claim expected: another writer has the partition
   * @throws SluiceError TABLE_SCHEMA when another writer changed the schema so that these files no longer fit
   */
  append(request: AppendRequest, signal?: AbortSignal): Promise<number> {
    return this.#commit(
      {
        txnId: request.txnId,
        info: {
          operation: 'STREAMING UPDATE',
          operationParameters: { outputMode: 'Append' },
          isBlindAppend: true,
          offsets: request.offsets,
        },
        actions: (snapshot) => {
          this.#checkAppendable(snapshot)
          for (const claim of request.txns) this.#checkClaim(claim, snapshot)
          for (const file of request.files) this.#checkFresh(file, snapshot)
          const now = Math.trunc(this.#ports.clock.now())
          return [
            ...request.txns.map(({ appId, version }) => txnLine({ appId, version, lastUpdated: now })),
            ...request.files.map((file) => addLine(addOf(file))),
          ]
        },
      },
      signal,
    )
  }

  /**
   * Makes the table able to take rows of that schema: new columns are added, and columns may take null, where the rows ask for
   * it. Writes nothing when it already is able.
   * @throws SluiceError TABLE_SCHEMA naming the column when it cannot be
   */
  async evolve(rows: DeltaSchema, signal?: AbortSignal): Promise<void> {
    await this.#commit(
      {
        txnId: this.#ports.newId(),
        info: { operation: 'CHANGE COLUMNS', operationParameters: {}, isBlindAppend: true },
        actions: (snapshot) => {
          const merged = mergeSchemas(snapshot.schema, rows, this.name)
          if (merged === snapshot.schema) return undefined
          this.#checkAppendable(snapshot)
          return [metadataLine({ ...snapshot.metadata, schemaString: schemaStringOf(merged) })]
        },
      },
      signal,
    )
  }

  async #create(schema: DeltaSchema, signal: AbortSignal | undefined): Promise<void> {
    const { newId, clock } = this.#ports
    const metadata: MetadataAction = {
      id: newId(),
      name: this.path.slice(this.path.lastIndexOf('/') + 1),
      schemaString: schemaStringOf(schema),
      partitionColumns: [],
      configuration: {},
      createdTime: Math.trunc(clock.now()),
    }
    const lines = [protocolLine(DEFAULT_PROTOCOL), metadataLine(metadata)]
    await this.#commit(
      {
        txnId: newId(),
        info: { operation: 'CREATE TABLE', operationParameters: {}, isBlindAppend: true },
        actions: (snapshot) => (snapshot.version < 0 ? lines : undefined),
      },
      signal,
    )
  }

  #commit(plan: CommitPlan, signal: AbortSignal | undefined): Promise<number> {
    return commit(this.#log, this.#snapshot, plan, this.#ports, signal)
  }

  #checkAppendable(snapshot: DeltaSnapshot): void {
    checkAppendable(this.name, snapshot.protocol, snapshot.metadata, snapshot.schema)
  }

  #checkClaim(claim: TxnClaim, snapshot: DeltaSnapshot): void {
    const found = snapshot.txnVersion(claim.appId)
    if (found === claim.expected) return
    const [is, was] = [found ?? 'nothing', claim.expected ?? 'nothing']
    throw new SluiceError(
      'TABLE_FENCED',
      `Another writer moved ${claim.appId} in table ${this.name}: it stands at ${is}, this writer left it at ${was} and must stop`,
      {
        remedy:
          'Restart the task: it goes on from what the table holds. If this comes again, two connectors with one name write here; give each its own.',
      },
    )
  }

  #checkFresh(file: DataFile, snapshot: DeltaSnapshot): void {
    if (file.schema === snapshot.schema) return
    const reason = staleness(file.schema, snapshot.schema)
    if (reason === undefined) return
    throw new SluiceError('TABLE_SCHEMA', `Rows written for table ${this.name} no longer fit it: meanwhile ${reason}`, {
      remedy: 'Restart the task: the rows are read and written again for the new schema.',
    })
  }

  #storePath(logged: string): string {
    return isAbsolutePath(logged) ? logged : `${this.path}/${decodePath(logged)}`
  }
}

function addOf({ path, size, modifiedMs, stats }: DataFile): AddAction {
  return {
    path: encodePath(path),
    partitionValues: {},
    size,
    modificationTime: modifiedMs,
    dataChange: true,
    stats,
  }
}
