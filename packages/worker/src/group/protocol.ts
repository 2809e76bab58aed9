/**
 * The bytes of Connect's group: what a worker says of itself when it joins, and what the leader answers. Java's to the byte, so that both
 * can be in one group (`ConnectProtocol`, `IncrementalCooperativeConnectProtocol`; KIP-415, KIP-507).
 */
import { DataError } from '@sluice/sdk'
import { inHashOrder } from './hash-order.ts'
import { SchemaReader } from './schema-reader.ts'
import { SchemaWriter } from './schema-writer.ts'
import type { Work } from './work-assignment.ts'

/** 0 is eager; 1 is cooperative; 2 says besides that internal requests are signed. 1 and 2 have the same layout. */
export type ProtocolVersion = 0 | 1 | 2

/** Kafka's setting `connect.protocol`. */
export type ConnectProtocol = 'eager' | 'compatible' | 'sessioned'

/** What a worker offers in a JoinGroup, the best first: the group uses the first that all have. */
export const OFFERED: Readonly<
  Record<ConnectProtocol, readonly (readonly [name: string, version: ProtocolVersion])[]>
> = {
  sessioned: [
    ['sessioned', 2],
    ['compatible', 1],
    ['default', 0],
  ],
  compatible: [
    ['compatible', 1],
    ['default', 0],
  ],
  eager: [['default', 0]],
}

/** The task number that stands for the connector itself. */
export const CONNECTOR = -1

export const NO_ERROR = 0
/** The leader could not read as far in the config topic as somebody else: nothing is assigned. */
export const CONFIG_MISMATCH = 1

/** What a worker says of itself. */
export interface WorkerMetadata {
  /** Of its REST interface; ends with a slash. */
  readonly url: string
  /** How far it has read the config topic. */
  readonly configOffset: bigint
  /** What it holds; null: nothing, or not said (version 0). */
  readonly allocation: AssignmentBody | null
}

/** What the leader answers. In versions 1 and 2 `assigned` is what comes in addition to what is held; in 0 it is everything. */
export interface AssignmentBody {
  readonly error: number
  readonly leaderId: string
  readonly leaderUrl: string
  readonly configOffset: bigint
  readonly assigned: Work
  readonly revoked: Work
  readonly delayMs: number
}

/** As read, with the version that it was written in, which may be one that we do not know yet. */
export interface ReadAssignment extends AssignmentBody {
  readonly version: number
}

const NO_WORK: Work = { connectors: [], tasks: [] }

export function encodeMetadata(
  version: ProtocolVersion,
  { url, configOffset, allocation }: WorkerMetadata,
): Uint8Array {
  const writer = new SchemaWriter().int16(version).string(url).int64(configOffset)
  if (version > 0) writer.nullableBytes(allocation === null ? null : encodeAssignment(version, allocation))
  return writer.bytes()
}

/** @throws DataError for what a Java worker could not read either; bytes that follow are passed over */
export function decodeMetadata(bytes: Uint8Array): WorkerMetadata {
  const reader = new SchemaReader(bytes)
  readVersion(reader)
  const url = reader.field('url', () => reader.string())
  const configOffset = reader.field('config-offset', () => reader.int64())
  const allocation = reader.lateField('allocation', () => reader.nullableBytes(), { value: null })
  return { url, configOffset, allocation: allocation === null ? null : decodeAssignment(allocation) }
}

export function encodeAssignment(version: ProtocolVersion, assignment: AssignmentBody): Uint8Array {
  const { error, leaderId, leaderUrl, configOffset, assigned, revoked, delayMs } = assignment
  const writer = new SchemaWriter().int16(version).int16(error).string(leaderId).string(leaderUrl).int64(configOffset)
  writeWork(writer, assigned, inHashOrder(assigned.connectors))
  if (version > 0) {
    writeWork(writer, revoked, [...new Set(revoked.connectors)])
    writer.int32(delayMs)
  }
  return writer.bytes()
}

/** @throws DataError for what a Java worker could not read either; missing fields at the end have defaults, bytes behind are passed over */
export function decodeAssignment(bytes: Uint8Array): ReadAssignment {
  const reader = new SchemaReader(bytes)
  const version = readVersion(reader)
  const readWork = (): Work | null => toWork(reader.nullableArray(() => readEntry(reader)))
  return {
    version,
    error: reader.lateField('error', () => reader.int16()),
    leaderId: reader.lateField('leader', () => reader.string()),
    leaderUrl: reader.lateField('leader-url', () => reader.string()),
    configOffset: reader.lateField('config-offset', () => reader.int64()),
    assigned: reader.lateField('assignment', readWork, { value: null }) ?? NO_WORK,
    revoked: reader.lateField('revoked', readWork, { value: null }) ?? NO_WORK,
    delayMs: reader.lateField('delay', () => reader.int32(), { value: 0 }),
  }
}

interface Entry {
  readonly connector: string
  readonly tasks: readonly number[]
}

function readVersion(reader: SchemaReader): number {
  const version = reader.field('version', () => reader.int16())
  if (version < 0) throw new DataError(`Unsupported subscription version: ${version}`)
  return version
}

function readEntry(reader: SchemaReader): Entry {
  const connector = reader.field('connector', () => reader.string())
  return { connector, tasks: reader.field('tasks', () => reader.array(() => reader.int32())) }
}

function writeWork(writer: SchemaWriter, { tasks }: Work, connectors: readonly string[]): void {
  const numbers = new Map<string, number[]>(connectors.map((connector) => [connector, [CONNECTOR]]))
  for (const { connector, task } of tasks) {
    const known = numbers.get(connector)
    if (known === undefined) numbers.set(connector, [task])
    else known.push(task)
  }
  writer.array([...numbers], ([connector, of]) => {
    writer.string(connector).array(of, (task) => void writer.int32(task))
  })
}

function toWork(entries: readonly Entry[] | null): Work | null {
  if (entries === null) return null
  const all = entries.flatMap(({ connector, tasks }) => tasks.map((task) => ({ connector, task })))
  return {
    connectors: all.filter(({ task }) => task === CONNECTOR).map(({ connector }) => connector),
    tasks: all.filter(({ task }) => task !== CONNECTOR),
  }
}
