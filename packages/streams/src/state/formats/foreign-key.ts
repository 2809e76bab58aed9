/**
 * The bytes of a foreign-key join (KIP-213): the key of its subscription store, what the left side sends the right one, and what that
 * answers.
 */

import { DataError, type Converter, type Value } from '@sluice/sdk'
import { serde, type Serde } from '../../serde.ts'
import { readInt } from './longs.ts'

export interface CombinedKey<FK, PK> {
  readonly foreignKey: FK
  readonly primaryKey: PK
}

/** The order is the protocol's: an instruction is written as its place in it. */
export const SUBSCRIPTION_INSTRUCTIONS = [
  'deleteKeyNoPropagate',
  'deleteKeyAndPropagate',
  'propagateNullIfNoForeignValue',
  'propagateOnlyIfForeignValue',
] as const
export type SubscriptionInstruction = (typeof SUBSCRIPTION_INSTRUCTIONS)[number]

/** What the left side sends to the partition of the foreign key. */
export interface Subscription<PK> {
  /** murmur3 of the left value's bytes; null for a deleted left row. */
  readonly hash: Uint8Array | null
  readonly instruction: SubscriptionInstruction
  readonly primaryKey: PK
  /** Where the answer goes to. */
  readonly primaryPartition: number
}

/** What the right side answers. */
export interface SubscriptionResponse<V> {
  readonly hash: Uint8Array | null
  readonly foreignValue: V | null
}

const HASH_BYTES = 16
/** The topmost bit of the version says that there is no hash. */
const NO_HASH = 0x80
const SUBSCRIPTION_VERSION = 1
const RESPONSE_VERSION = 0

/** Length of the foreign key (4), foreign key, primary key: all subscribers of a foreign key lie together. */
export function combinedKeySerde<FK, PK>(foreign: Serde<FK>, primary: Serde<PK>): Serde<CombinedKey<FK, PK>> {
  return serdeOf<CombinedKey<FK, PK>>(
    (topic) => {
      const encodeForeign = foreign.converter.encoder(topic, foreign.schema)
      const encodePrimary = primary.converter.encoder(topic, primary.schema)
      return ({ foreignKey, primaryKey }) => {
        const foreignBytes = encodeForeign(foreignKey as Value) ?? NO_BYTES
        return Buffer.concat([foreignKeyPrefix(foreignBytes), encodePrimary(primaryKey as Value) ?? NO_BYTES])
      }
    },
    (topic, bytes) => {
      const end = 4 + lengthAt(bytes, 0)
      return {
        foreignKey: foreign.converter.decode(topic, bytes.subarray(4, end)).value as FK,
        primaryKey: primary.converter.decode(topic, bytes.subarray(end)).value as PK,
      }
    },
  )
}

/** What the combined keys of a foreign key begin with. */
export function foreignKeyPrefix(foreignKey: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(4 + foreignKey.length)
  bytes.writeInt32BE(foreignKey.length, 0)
  bytes.set(foreignKey, 4)
  return bytes
}

/** Version (1), instruction (1), hash (16, or none), primary key, its partition (4). */
export function subscriptionSerde<PK>(primary: Serde<PK>): Serde<Subscription<PK>> {
  return serdeOf<Subscription<PK>>(
    (topic) => {
      const encodePrimary = primary.converter.encoder(topic, primary.schema)
      return ({ hash, instruction, primaryKey, primaryPartition }) => {
        const partition = Buffer.allocUnsafe(4)
        partition.writeInt32BE(primaryPartition, 0)
        const begin = [versionByte(SUBSCRIPTION_VERSION, hash), SUBSCRIPTION_INSTRUCTIONS.indexOf(instruction)]
        const key = encodePrimary(primaryKey as Value) ?? NO_BYTES
        return Buffer.concat([Uint8Array.from(begin), hash ?? NO_BYTES, key, partition])
      }
    },
    (topic, bytes) => {
      const version = checkedVersion(bytes, SUBSCRIPTION_VERSION)
      const instruction = SUBSCRIPTION_INSTRUCTIONS[bytes[1]!]
      if (instruction === undefined) throw new DataError(`${bytes[1]} is no instruction of a foreign-key subscription`)
      const hash = hashAt(bytes, 2)
      // Version 0 has no partition: the answer goes where the primary key's bytes say.
      const end = version === 0 ? bytes.length : bytes.length - 4
      const begin = 2 + (hash?.length ?? 0)
      return {
        hash,
        instruction,
        primaryKey: primary.converter.decode(topic, bytes.subarray(begin, end)).value as PK,
        primaryPartition: version === 0 ? -1 : readInt(bytes, end),
      }
    },
  )
}

/** Version (1), hash (16, or none), the foreign value, or nothing for none. */
export function subscriptionResponseSerde<V>(foreignValue: Serde<V>): Serde<SubscriptionResponse<V>> {
  return serdeOf<SubscriptionResponse<V>>(
    (topic) => {
      const encode = foreignValue.converter.encoder(topic, foreignValue.schema)
      return ({ hash, foreignValue: value }) => {
        const bytes = value === null ? null : encode(value as Value)
        return Buffer.concat([Uint8Array.of(versionByte(RESPONSE_VERSION, hash)), hash ?? NO_BYTES, bytes ?? NO_BYTES])
      }
    },
    (topic, bytes) => {
      checkedVersion(bytes, RESPONSE_VERSION)
      const hash = hashAt(bytes, 1)
      const rest = bytes.subarray(1 + (hash?.length ?? 0))
      const value = rest.length === 0 ? null : (foreignValue.converter.decode(topic, rest).value as V)
      return { hash, foreignValue: value }
    },
  )
}

function versionByte(version: number, hash: Uint8Array | null): number {
  return hash === null ? version | NO_HASH : version
}

function checkedVersion(bytes: Uint8Array, most: number): number {
  const version = (bytes[0] ?? NO_HASH - 1) & ~NO_HASH
  if (version > most)
    throw new DataError(`A record of a foreign-key join has version ${version}, and ${most} is the latest known`)
  return version
}

function hashAt(bytes: Uint8Array, at: number): Uint8Array | null {
  if ((bytes[0]! & NO_HASH) !== 0) return null
  if (bytes.length < at + HASH_BYTES) throw new DataError('A record of a foreign-key join is cut off')
  return bytes.subarray(at, at + HASH_BYTES)
}

function lengthAt(bytes: Uint8Array, at: number): number {
  const length = bytes.length < at + 4 ? -1 : readInt(bytes, at)
  if (length < 0 || at + 4 + length > bytes.length) throw new DataError('A key of a foreign-key join is cut off')
  return length
}

function serdeOf<T>(
  encoder: (topic: string) => (value: T) => Uint8Array,
  decode: (topic: string, bytes: Uint8Array) => T,
): Serde<T> {
  const converter: Converter = {
    encoder(topic) {
      const encode = encoder(topic)
      return (value) => (value === null ? null : encode(value as unknown as T))
    },
    decode: (topic, bytes) => ({
      schema: null,
      value: bytes === null ? null : (decode(topic, bytes) as unknown as Value),
    }),
  }
  return serde<T>(converter)
}

const NO_BYTES = new Uint8Array(0)
