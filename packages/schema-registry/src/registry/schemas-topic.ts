/** The records of the `_schemas` topic, as Confluent's registry writes them: keys and values are JSON. */
import type { SchemaReference, SchemaType } from '../registry-port.ts'

export type RecordKey =
  | { readonly keytype: 'SCHEMA'; readonly subject: string; readonly version: number; readonly magic: 1 }
  | { readonly keytype: 'CONFIG'; readonly subject: string | null; readonly magic: 0 }
  | { readonly keytype: 'MODE'; readonly subject: string | null; readonly magic: 0 }
  | { readonly keytype: 'DELETE_SUBJECT'; readonly subject: string; readonly magic: 0 }
  | { readonly keytype: 'CLEAR_SUBJECT'; readonly subject: string; readonly magic: 0 }
  | { readonly keytype: 'CONTEXT'; readonly tenant: string; readonly context: string; readonly magic: 0 }
  | { readonly keytype: 'NOOP'; readonly magic: 0 }

/** What a schema may carry beside its text: kept and given out, never acted upon. */
export interface SchemaContract {
  readonly metadata?: unknown
  readonly ruleSet?: unknown
}

export interface SchemaValue extends SchemaContract {
  readonly subject: string
  readonly version: number
  readonly id: number
  /** Absent: AVRO. */
  readonly schemaType?: SchemaType
  readonly references?: readonly SchemaReference[]
  readonly schema: string
  readonly deleted: boolean
}

/** `compatibilityLevel`, and whatever else a registry keeps there. */
export type ConfigValue = Readonly<Record<string, unknown>>

export interface ModeValue {
  readonly mode: string
}

export interface DeleteSubjectValue {
  readonly subject: string
  /** All versions up to this one are softly deleted. */
  readonly version: number
}

/** One record. A null value: the key has gone. */
export interface RegistryRecord {
  readonly key: RecordKey
  readonly value: unknown
  /**
   * Of a CONTEXT record, in its header `sluice.max.id`: the highest id that was ever given out. It outlives schemas that are deleted
   * for good, so that no id is given out twice; other registries do not look at it.
   */
  readonly idMax?: number
}

export const ID_MAX_HEADER = 'sluice.max.id'

export function keyBytes(key: RecordKey): Uint8Array {
  return Buffer.from(JSON.stringify(key), 'utf8')
}

export function valueBytes(value: unknown): Uint8Array | null {
  return value === null ? null : Buffer.from(JSON.stringify(value), 'utf8')
}

/** Undefined: a key that no registry wrote, or one of a kind that is not known here. */
export function readRecord(key: Uint8Array | null, value: Uint8Array | null): RegistryRecord | undefined {
  if (key === null) return undefined
  try {
    const read = JSON.parse(text(key)) as RecordKey
    return typeof read.keytype === 'string'
      ? { key: read, value: value === null ? null : JSON.parse(text(value)) }
      : undefined
  } catch {
    return undefined
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
