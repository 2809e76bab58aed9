/**
 * What a table is, apart from its rows: protocol and metadata. How it begins, and how it changes without any file being
 * touched. Features are turned on when something needs them, and only then; docs/reference/lake-features.md says what each
 * costs readers.
 */
import { SluiceError } from '@sluice/sdk'
import type { MetadataAction, ProtocolAction } from './actions.ts'
import { dropColumn, isMapped, renameColumn, withMapping } from './column-mapping.ts'
import { mergeSchemas } from './evolution.ts'
import { stringifyExact } from './exact-json.ts'
import type { JsonObject } from './exact-json.ts'
import { metadataLine, protocolLine } from './lines.ts'
import { canPartitionBy } from './partitions.ts'
import { DEFAULT_PROTOCOL, neededFeatures, protocolWith } from './protocol.ts'
import { schemaStringOf, typeName } from './schema.ts'
import type { DeltaField, DeltaSchema } from './schema.ts'

export interface TableDefinition {
  readonly protocol: ProtocolAction
  readonly metadata: MetadataAction
  readonly schema: DeltaSchema
}

/** How a table is to be made, besides its columns. */
export interface TableDesign {
  /** Columns whose values part the table into folders, outermost first. */
  readonly partitionColumns?: readonly string[]
  /** Table properties. Those that need a table feature turn it on. */
  readonly properties?: Readonly<Record<string, string>>
}

/** What may be changed by the log alone. Columns are named by their path, from the outermost struct inwards. */
export type TableChange =
  | { readonly kind: 'set properties'; readonly properties: Readonly<Record<string, string>> }
  | { readonly kind: 'unset properties'; readonly names: readonly string[] }
  | { readonly kind: 'rename column'; readonly column: readonly string[]; readonly to: string }
  | { readonly kind: 'drop column'; readonly column: readonly string[] }
  | { readonly kind: 'add feature'; readonly feature: 'domainMetadata' }

export interface DefinitionPorts {
  /** The table's name, for messages. */
  readonly table: string
  readonly newId: () => string
}

/** @throws SluiceError TABLE_SCHEMA when it cannot be parted like that; TABLE_UNSUPPORTED for a property of an unknown feature */
export function newDefinition(
  schema: DeltaSchema,
  { partitionColumns = [], properties = {} }: TableDesign,
  described: Pick<MetadataAction, 'name' | 'createdTime'>,
  ports: DefinitionPorts,
): TableDefinition {
  checkPartitionColumns(ports.table, schema, partitionColumns)
  checkProperties(ports.table, properties)
  const metadata = { id: ports.newId(), ...described, schemaString: '', partitionColumns, configuration: properties }
  return complete({ protocol: DEFAULT_PROTOCOL, metadata, schema }, ports, (field) => physicalNameFor(field, ports))
}

/**
 * The definition that takes such rows as well; the very same object when the table already does.
 * @throws SluiceError TABLE_SCHEMA
 */
export function evolvedDefinition(now: TableDefinition, rows: DeltaSchema, ports: DefinitionPorts): TableDefinition {
  const canWiden = now.metadata.configuration['delta.enableTypeWidening'] === 'true'
  const schema = mergeSchemas(now.schema, rows, { table: ports.table, canWiden })
  if (schema === now.schema) return now
  return complete({ ...now, schema }, ports, (field) => physicalNameFor(field, ports))
}

/** @throws SluiceError TABLE_SCHEMA, TABLE_UNSUPPORTED */
export function changedDefinition(now: TableDefinition, change: TableChange, ports: DefinitionPorts): TableDefinition {
  const { metadata, schema } = now
  switch (change.kind) {
    case 'set properties': {
      checkProperties(ports.table, change.properties)
      const configuration = { ...metadata.configuration, ...change.properties }
      if (isMapped(metadata.configuration) && !isMapped(configuration))
        throw unsupported(ports.table, 'its columns are mapped', 'The names in its files cannot be put back.')
      // Files that are there hold the columns by the names that they have now.
      return complete({ ...now, metadata: { ...metadata, configuration } }, ports, ({ name }) => name)
    }
    case 'unset properties': {
      const configuration = Object.fromEntries(
        Object.entries(metadata.configuration).filter(([name]) => !change.names.includes(name)),
      )
      if (isMapped(metadata.configuration) && !isMapped(configuration))
        throw unsupported(ports.table, 'its columns are mapped', 'The names in its files cannot be put back.')
      return complete({ ...now, metadata: { ...metadata, configuration } }, ports, ({ name }) => name)
    }
    case 'rename column': {
      checkMapped(now, ports.table)
      const [name, ...below] = change.column
      const isTop = below.length === 0
      const partitionColumns = metadata.partitionColumns.map((column) =>
        isTop && column === name ? change.to : column,
      )
      const renamed = renameColumn(schema, change.column, change.to)
      return complete(
        { ...now, metadata: { ...metadata, partitionColumns }, schema: renamed },
        ports,
        ({ name: own }) => own,
      )
    }
    case 'drop column': {
      checkMapped(now, ports.table)
      if (change.column.length === 1 && metadata.partitionColumns.includes(change.column[0]!))
        throw new SluiceError('TABLE_SCHEMA', `Column ${change.column[0]!} cannot be dropped: it parts the table`, {
          remedy: 'Write to a new table.',
        })
      return complete({ ...now, schema: dropColumn(schema, change.column) }, ports, ({ name }) => name)
    }
    case 'add feature':
    default:
      return { ...now, protocol: protocolWith(ports.table, now.protocol, [change.feature]) }
  }
}

/** What a commit says of the way from one definition to the other. */
export function definitionLines(before: TableDefinition | undefined, after: TableDefinition): JsonObject[] {
  return [
    ...(before?.protocol === after.protocol ? [] : [protocolLine(after.protocol)]),
    ...(before?.metadata === after.metadata ? [] : [metadataLine(after.metadata)]),
  ]
}

/** Whether there is nothing to write. */
export function saysSame(one: TableDefinition, other: TableDefinition): boolean {
  return stringifyExact(definitionLines(undefined, one)) === stringifyExact(definitionLines(undefined, other))
}

/** Ids for columns where they are mapped, the schema's text, and the features that all of it needs. */
function complete(
  { protocol, metadata, schema }: TableDefinition,
  { table }: DefinitionPorts,
  nameFor: (field: DeltaField) => string,
): TableDefinition {
  const plain = { schema, properties: metadata.configuration }
  const mapped = isMapped(metadata.configuration) ? withMapping(plain, nameFor) : plain
  return {
    protocol: protocolWith(table, protocol, neededFeatures(mapped.schema, mapped.properties)),
    metadata: { ...metadata, schemaString: schemaStringOf(mapped.schema), configuration: mapped.properties },
    schema: mapped.schema,
  }
}

/** The name says nothing, so that no later column can be taken for it. */
function physicalNameFor(_: DeltaField, { newId }: DefinitionPorts): string {
  return `col-${newId()}`
}

function checkMapped({ metadata }: TableDefinition, table: string): void {
  if (isMapped(metadata.configuration)) return
  throw unsupported(
    table,
    'its columns are not mapped, so the files hold them by name',
    'Set the table property delta.columnMapping.mode to name; readers then need the feature columnMapping.',
  )
}

/** What these turn on is known here; other switches of the protocol would promise what nobody keeps. */
const SWITCHES: ReadonlySet<string> = new Set(['delta.enableTypeWidening', 'delta.enableExpiredLogCleanup'])

function checkProperties(table: string, properties: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(properties)) {
    const isSwitch = /^delta\.(enable|feature\.|constraints\.|columnMapping\.max|universalFormat)/.test(name)
    if (isSwitch && !SWITCHES.has(name))
      throw unsupported(table, `the property ${name} needs what this writer does not have`, 'Leave it out.')
    if (name === 'delta.columnMapping.mode' && !['none', 'name'].includes(value))
      throw unsupported(table, `columns are mapped by ${value}`, 'Use delta.columnMapping.mode = name.')
  }
}

function checkPartitionColumns(table: string, schema: DeltaSchema, names: readonly string[]): void {
  const refuse = (why: string, remedy: string): never => {
    throw new SluiceError('TABLE_SCHEMA', `The table ${table} cannot be parted by ${names.join(', ')}: ${why}`, {
      remedy,
    })
  }
  for (const name of names) {
    const field = schema.fields.find((candidate) => candidate.name === name)
    if (field === undefined) return refuse(`there is no column ${name}`, 'Name a column of the rows.')
    if (!canPartitionBy(field))
      return refuse(
        `column ${name} is of type ${typeName(field)}`,
        'Part it by columns of plain values: text, numbers, dates.',
      )
  }
  if (new Set(names).size < names.length) refuse('a column is named twice', 'Name each once.')
  if (names.length > 0 && names.length === schema.fields.length)
    refuse('no column would be left for its files', 'Leave at least one column out.')
}

function unsupported(table: string, why: string, remedy: string): SluiceError {
  return new SluiceError('TABLE_UNSUPPORTED', `The table ${table} cannot be changed: ${why}`, { remedy })
}
