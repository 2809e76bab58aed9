/**
 * The records of the catalogue topic. A key is a JSON array, its kind first; a value is a JSON object whose `format` says by which
 * release it can be read. Each aspect of a processor has a key of its own, so that workers which write different ones at the same time
 * do not undo each other's:
 *
 *     ["processor","orders"]            config and deployments
 *     ["target-state","orders"]         RUNNING or PAUSED
 *     ["paused-keys","orders"]          records of which keys are held back
 *     ["restart","orders"]              somebody wants it started anew
 *     ["topology","orders"]             what was deployed last writes: stays when the processor is deleted, as its state does
 *     ["status","orders","host:8083"]   how its instances on one worker are
 *     ["worker","host:8083"]            a worker is there, and which processors it has
 */
import { DataError, type RawSettings } from '@sluice/sdk'
import type { WorkState } from '../herder/herder.ts'
import type { PausedKey } from '../record-path/task-control.ts'
import { array, suchThat, number, object, orAbsent, orNull, text, texts, word, type Reader } from './record-shapes.ts'

/** What this release writes, and the newest that it reads. */
export const FORMAT = 1

export type ProcessorTarget = 'RUNNING' | 'PAUSED'

/** One config of a processor that was to run, with the code that was there for it. */
export interface Deployment {
  /** Counts up from 1. */
  readonly number: number
  /** No other deployment's; null: it was written by a release that gave none. */
  readonly id: string | null
  /** `application.id`, without placeholders; null as with `id`. */
  readonly application: string | null
  /** Of the processor's code, where it was deployed; null: it did not say. */
  readonly version: string | null
  /** With placeholders. */
  readonly config: RawSettings
  /** Milliseconds since the epoch. */
  readonly at: number
}

export interface ProcessorRecord {
  /** The newest last; never empty. */
  readonly deployments: readonly Deployment[]
}

export interface PausedKeysRecord {
  readonly keys: readonly PausedKey[]
}

export interface RestartRecord {
  /** No other restart's. */
  readonly id: string
}

/** `WrittenTopology` of @sluice/streams, as JSON that only a processor's own process reads. */
export interface TopologyRow {
  readonly written: string
}

export interface AssignedTask {
  /** `<sub-topology>_<partition>` */
  readonly id: string
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[]
}

export interface InstanceStatus {
  readonly id: number
  readonly state: WorkState
  /** Of Kafka Streams: REBALANCING, RUNNING …; null before there is one. */
  readonly streamsState: string | null
  /** Of a failure. */
  readonly trace: string | null
  readonly version: string | null
  readonly tasks: readonly AssignedTask[]
}

export interface StatusRecord {
  /** Which deployment these are of. */
  readonly deployment: number
  readonly instances: readonly InstanceStatus[]
}

export interface WorkerRecord {
  /** Where its REST is; ends with a slash. */
  readonly url: string
  /** What `processor.class` may be there. */
  readonly processors: readonly string[]
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** What may be written, by kind of key. */
export interface CatalogueValues {
  processor: ProcessorRecord
  'target-state': { readonly state: ProcessorTarget }
  'paused-keys': PausedKeysRecord
  restart: RestartRecord
  topology: TopologyRow
  status: StatusRecord
  worker: WorkerRecord
}

export type CatalogueKind = keyof CatalogueValues

export interface CatalogueKey<K extends CatalogueKind = CatalogueKind> {
  readonly kind: K
  /** Of the processor; of the worker, for a `worker`. */
  readonly name: string
  /** Of a `status`; else null. */
  readonly worker: string | null
}

const WORK_STATES = ['UNASSIGNED', 'RUNNING', 'PAUSED', 'FAILED', 'RESTARTING', 'STOPPED', 'DESTROYED'] as const

const deployment = object<Deployment>({
  number,
  id: orAbsent(text),
  application: orAbsent(text),
  version: orNull(text),
  config: texts,
  at: number,
})
const partition = object<AssignedTask['partitions'][number]>({ topic: text, partition: number })
const instance = object<InstanceStatus>({
  id: number,
  state: word(...WORK_STATES),
  streamsState: orNull(text),
  trace: orNull(text),
  version: orNull(text),
  tasks: array(object<AssignedTask>({ id: text, partitions: array(partition) })),
})

const READERS: { readonly [K in CatalogueKind]: Reader<CatalogueValues[K]> } = {
  processor: object<ProcessorRecord>({
    deployments: suchThat('at least one', array(deployment), (all) => all.length > 0),
  }),
  'target-state': object<CatalogueValues['target-state']>({ state: word('RUNNING', 'PAUSED') }),
  'paused-keys': object<PausedKeysRecord>({ keys: array(object<PausedKey>({ topic: text, key: text })) }),
  restart: object<RestartRecord>({ id: text }),
  topology: object<TopologyRow>({ written: text }),
  status: object<StatusRecord>({ deployment: number, instances: array(instance) }),
  worker: object<WorkerRecord>({ url: text, processors: array(text), at: number }),
}

/** Written by a release that knows more than this one. */
export class FromTheFuture extends DataError {}

/** Of what is said of a processor by no worker. */
export function keyOf<K extends CatalogueKind>(kind: K, name: string): CatalogueKey<K> {
  return { kind, name, worker: null }
}

export function encodeKey({ kind, name, worker }: CatalogueKey): Uint8Array {
  return Buffer.from(JSON.stringify(worker === null ? [kind, name] : [kind, name, worker]), 'utf8')
}

/** @throws DataError for what is no key of ours; FromTheFuture for a kind that this release does not know */
export function decodeKey(bytes: Uint8Array): CatalogueKey {
  const parts = parsed(bytes)
  if (!Array.isArray(parts) || !parts.every((part) => typeof part === 'string') || parts.length === 0)
    throw new DataError('A key of the catalogue is no JSON array of texts')
  const [kind, name, worker = null, ...more] = parts as readonly string[]
  if (!Object.hasOwn(READERS, kind!))
    throw new FromTheFuture(`The catalogue has a kind of record that this release does not know: ${kind}`)
  if (name === undefined || more.length > 0 || (kind === 'status') !== (worker !== null))
    throw new DataError(`A key of the catalogue has not as many parts as a ${kind} has`)
  return { kind: kind as CatalogueKind, name, worker }
}

export function encodeValue(value: CatalogueValues[CatalogueKind]): Uint8Array {
  return Buffer.from(JSON.stringify({ format: FORMAT, ...value }), 'utf8')
}

/** @throws DataError for what is no such record; FromTheFuture */
export function decodeValue<K extends CatalogueKind>(kind: K, bytes: Uint8Array): CatalogueValues[K] {
  const value = parsed(bytes)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DataError(`A ${kind} of the catalogue is no JSON object`)
  const format = (value as { readonly format?: unknown }).format
  if (typeof format !== 'number') throw new DataError(`A ${kind} of the catalogue has no format`)
  if (format > FORMAT)
    throw new FromTheFuture(`A ${kind} of the catalogue has format ${format}; this release reads ${FORMAT}`)
  return READERS[kind](value, kind)
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown
  } catch (cause) {
    throw new DataError('A record of the catalogue is no JSON in UTF-8', { cause })
  }
}
