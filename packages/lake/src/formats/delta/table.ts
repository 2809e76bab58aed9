import { SluiceError } from '@sluice/sdk'
import type { Logger } from '@sluice/sdk'
import type { ObjectStore } from '@sluice/object-store'
import { commit } from './commit.ts'
import type { CommitPlan, CommitPorts } from './commit.ts'
import type { CommitScope } from './conflicts.ts'
import { changedDefinition, definitionLines, evolvedDefinition, newDefinition, saysSame } from './definition.ts'
import type { DefinitionPorts, TableChange, TableDefinition, TableDesign } from './definition.ts'
import { staleness } from './evolution.ts'
import type { JsonObject } from './exact-json.ts'
import { addLine, domainLine, txnLine } from './lines.ts'
import { DeltaLog } from './log.ts'
import { decodePath, isAbsolutePath } from './paths.ts'
import { checkAppendable } from './protocol.ts'
import { addOf, metricsOf } from './requests.ts'
import type { AppendRequest, DataFile, TxnClaim } from './requests.ts'
import { removeLines, scopeOf } from './rewrite.ts'
import type { RewriteRequest } from './rewrite.ts'
import type { DeltaSchema } from './schema.ts'
import { Snapshot } from './snapshot.ts'
import type { DeltaSnapshot } from './snapshot.ts'
import { TableUpkeep } from './upkeep.ts'

export interface DeltaPorts extends CommitPorts {
  readonly newId: () => string
  /** Told when a checkpoint or the clean-up of the log does not succeed, which hurts nobody at once. */
  readonly logger?: Logger
  /** Commits what is appended together with others of this process; absent: each append is a commit of its own. */
  readonly together?: AppendTogether
}

export interface AppendTogether {
  /** As `DeltaTable.append`; by `appendAlone` of that table or of another one. */
  append(table: DeltaTable, request: AppendRequest, signal?: AbortSignal): Promise<number>
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
  readonly #upkeep: TableUpkeep

  private constructor(store: ObjectStore, path: string, ports: DeltaPorts) {
    this.path = path
    this.name = `${store.url}/${path}`
    this.#log = new DeltaLog(store, path)
    this.#ports = ports
    this.#snapshot = new Snapshot(this.name)
    this.#upkeep = new TableUpkeep(this.#log, ports)
  }

  /**
   * The table at that path of the store, or undefined when there is none.
   * @param design which it may not contradict
   * @throws SluiceError TABLE_SCHEMA when the table is parted by other columns
   */
  static async open(
    store: ObjectStore,
    path: string,
    ports: DeltaPorts,
    signal?: AbortSignal,
    design: TableDesign = {},
  ): Promise<DeltaTable | undefined> {
    const table = new DeltaTable(store, path, ports)
    if (!(await table.#log.replay(table.#snapshot, signal))) return undefined
    table.#checkAppendable(table.#snapshot)
    checkParting(table.name, table.#snapshot.metadata.partitionColumns, design)
    return table
  }

  /**
   * The table at that path, made for rows of that schema if there is none. Of several creators one wins; the others open what it made.
   * @param design for the table if it is made; one that is there stays as it is, and may not be parted otherwise
   * @throws SluiceError TABLE_SCHEMA when the table is parted by other columns
   */
  static async ensure(
    store: ObjectStore,
    path: string,
    schema: DeltaSchema,
    ports: DeltaPorts,
    signal?: AbortSignal,
    design: TableDesign = {},
  ): Promise<DeltaTable> {
    const table = new DeltaTable(store, path, ports)
    if (!(await table.#log.replay(table.#snapshot, signal))) await table.#create(schema, design, signal)
    table.#checkAppendable(table.#snapshot)
    checkParting(table.name, table.#snapshot.metadata.partitionColumns, design)
    return table
  }

  /**
   * As `ensure`, and able to take rows of that schema, whoever made it.
   * @throws SluiceError TABLE_SCHEMA also as `evolve` does
   */
  static async openOrCreate(
    store: ObjectStore,
    path: string,
    schema: DeltaSchema,
    ports: DeltaPorts,
    signal?: AbortSignal,
    design: TableDesign = {},
  ): Promise<DeltaTable> {
    const table = await DeltaTable.ensure(store, path, schema, ports, signal, design)
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

  /** Waits for a checkpoint that is being written beside the commits, if one is. */
  settled(): Promise<void> {
    return this.#upkeep.settled()
  }

  /** Stops what goes on beside the commits. The table can still be asked, and even appended to. */
  close(): Promise<void> {
    return this.#upkeep.close()
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
    return this.#ports.together?.append(this, request, signal) ?? this.appendAlone(request, signal)
  }

  /** The same, whoever else of this process could commit with it. */
  appendAlone(request: AppendRequest, signal?: AbortSignal): Promise<number> {
    const { txnId, earlierIds = [], files, txns, offsets, rows } = request
    return this.#commit(
      {
        txnId,
        earlierIds,
        scope: { isReplanned: true, isolation: 'WriteSerializable', appIds: new Set(txns.map(({ appId }) => appId)) },
        info: {
          operation: 'STREAMING UPDATE',
          operationParameters: { outputMode: 'Append' },
          isBlindAppend: true,
          operationMetrics: metricsOf(files),
          offsets,
          rows,
        },
        actions: (snapshot) => {
          this.#checkAppendable(snapshot)
          for (const claim of txns) this.#checkClaim(claim, snapshot)
          for (const file of files) this.#checkFresh(file, snapshot)
          const now = Math.trunc(this.#ports.clock.now())
          return [
            ...txns.map(({ appId, version }) => txnLine({ appId, version, lastUpdated: now })),
            ...files.map((file) => addLine(addOf(file))),
          ]
        },
      },
      signal,
    )
  }

  /**
   * Puts files in the place of others, all in one entry of the log or not at all.
   * @returns the version that holds them
   * @throws SluiceError TABLE_CONFLICT, retriable by deciding anew, when a commit since `readVersion` contradicts it; TABLE_FENCED
   * and TABLE_SCHEMA as `append` does; TABLE_UNSUPPORTED when rows would go from a table that is `delta.appendOnly`
   */
  async rewrite(request: RewriteRequest, signal?: AbortSignal): Promise<number> {
    const { txnId, operation, readVersion, files, txns, removed, dataChange } = request
    return this.#commit(
      {
        txnId,
        readVersion,
        scope: scopeOf(request, this.#snapshot.metadata.configuration),
        info: {
          operation,
          operationParameters: {},
          readVersion,
          isBlindAppend: false,
          operationMetrics: { ...metricsOf(files), numRemovedFiles: String(removed.length) },
        },
        actions: (snapshot) => {
          this.#checkAppendable(snapshot)
          if (dataChange && snapshot.metadata.configuration['delta.appendOnly'] === 'true')
            throw new SluiceError('TABLE_UNSUPPORTED', `The table ${this.name} only takes rows (delta.appendOnly)`, {
              remedy: 'Unset that table property, or write to another table.',
            })
          for (const claim of txns) this.#checkClaim(claim, snapshot)
          for (const file of files) this.#checkFresh(file, snapshot)
          const now = Math.trunc(this.#ports.clock.now())
          return [
            ...txns.map(({ appId, version }) => txnLine({ appId, version, lastUpdated: now })),
            ...removeLines(request, now),
            ...files.map((file) => addLine({ ...addOf(file), dataChange })),
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
    await this.#redefine('CHANGE COLUMNS', {}, (now) => evolvedDefinition(now, rows, this.#definitionPorts), signal)
  }

  /**
   * Changes the table by its log alone: properties, names of columns, columns that are no longer wanted.
   * @throws SluiceError TABLE_SCHEMA when there is no such column; TABLE_UNSUPPORTED when the table cannot be changed so
   */
  async alter(change: TableChange, signal?: AbortSignal): Promise<void> {
    const { kind, ...parameters } = change
    const said = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, JSON.stringify(value)]))
    const alter = (now: TableDefinition): TableDefinition => changedDefinition(now, change, this.#definitionPorts)
    await this.#redefine(kind.toUpperCase(), said, alter, signal)
  }

  /**
   * Sets, or with undefined removes, the configuration of a domain: text that belongs to whoever has the name. Turns on the
   * feature `domainMetadata`.
   * @throws SluiceError TABLE_CONFLICT when somebody else set the same domain meanwhile
   */
  async setDomain(domain: string, configuration: string | undefined, signal?: AbortSignal): Promise<void> {
    if (domain.startsWith('delta.'))
      throw new SluiceError('TABLE_UNSUPPORTED', `The domain ${domain} belongs to the Delta protocol itself`, {
        remedy: 'Use a name that begins otherwise.',
      })
    await this.#commit(
      {
        txnId: this.#ports.newId(),
        scope: { ...REPLANNED, domains: new Set([domain]) },
        info: { operation: 'SET DOMAIN METADATA', operationParameters: { domain }, isBlindAppend: false },
        actions: (snapshot) => {
          this.#checkAppendable(snapshot)
          if (snapshot.domain(domain) === configuration) return undefined
          const now = definitionOf(snapshot)
          const after = changedDefinition(
            now,
            { kind: 'add feature', feature: 'domainMetadata' },
            this.#definitionPorts,
          )
          const removed = configuration === undefined
          return [...definitionLines(now, after), domainLine({ domain, configuration: configuration ?? '', removed })]
        },
      },
      signal,
    )
  }

  async #redefine(
    operation: string,
    operationParameters: JsonObject,
    change: (now: TableDefinition) => TableDefinition,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    await this.#commit(
      {
        txnId: this.#ports.newId(),
        scope: REPLANNED,
        info: { operation, operationParameters, isBlindAppend: true },
        actions: (snapshot) => {
          const now = definitionOf(snapshot)
          const after = change(now)
          if (after === now || saysSame(now, after)) return undefined
          this.#checkAppendable(snapshot)
          return definitionLines(now, after)
        },
      },
      signal,
    )
  }

  async #create(schema: DeltaSchema, design: TableDesign, signal: AbortSignal | undefined): Promise<void> {
    const { newId, clock } = this.#ports
    const described = {
      name: this.path.slice(this.path.lastIndexOf('/') + 1),
      createdTime: Math.trunc(clock.now()),
    }
    const lines = definitionLines(undefined, newDefinition(schema, design, described, this.#definitionPorts))
    await this.#commit(
      {
        txnId: newId(),
        scope: REPLANNED,
        info: {
          operation: 'CREATE TABLE',
          operationParameters: { partitionBy: JSON.stringify(design.partitionColumns ?? []) },
          isBlindAppend: true,
        },
        actions: (snapshot) => (snapshot.version < 0 ? lines : undefined),
      },
      signal,
    )
  }

  get #definitionPorts(): DefinitionPorts {
    return { table: this.name, newId: this.#ports.newId }
  }

  async #commit(plan: CommitPlan, signal: AbortSignal | undefined): Promise<number> {
    const before = this.#snapshot.version
    const version = await commit(this.#log, this.#snapshot, plan, this.#ports, signal)
    if (this.#snapshot.version > before) this.#upkeep.afterCommit(this.#snapshot, version)
    return version
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

/** What is decided anew before each attempt, and reads no data, contradicts nobody. */
const REPLANNED: CommitScope = { isReplanned: true, isolation: 'WriteSerializable' }

function definitionOf({ protocol, metadata, schema }: DeltaSnapshot): TableDefinition {
  return { protocol, metadata, schema }
}

function checkParting(table: string, found: readonly string[], { partitionColumns }: TableDesign): void {
  if (partitionColumns === undefined || partitionColumns.join('\0') === found.join('\0')) return
  const is = found.length === 0 ? 'not parted' : `parted by ${found.join(', ')}`
  throw new SluiceError(
    'TABLE_SCHEMA',
    `The table ${table} is ${is}, not by ${partitionColumns.join(', ') || 'nothing'}`,
    {
      remedy: 'Ask for the columns that the table has, or write to a new table: what parts a table never changes.',
    },
  )
}
