/** The text that is committed with an offset: what became of the records before it, and how far time had come. */
import { decodeTally, EMPTY_TALLY, encodeTally, TALLY_BYTES_MAX, type Tally } from '@sluice/kafka'
import { DataError } from '@sluice/sdk'
import { readOffsetMetadata } from '../state/formats/offset-metadata.ts'
import { decodeOffsets, encodeOffsets, type HeldOffsets } from './held-back.ts'
import { storeKey } from './node-times.ts'
import { packTimes, unpackTimes } from './packed-times.ts'

export interface CommitMetadata {
  readonly tally: Tally
  /** The largest timestamp of the partition's records before the offset; -1: none yet. */
  readonly partitionTime: number
  /** What the nodes of its task know of time, the most important first: see `NodeTimes`. */
  readonly nodeTimes: Readonly<Record<string, number>>
  /** Absent: all before the offset has been dealt with, and nothing behind it. */
  readonly held?: HeldOffsets
}

const NOTHING: CommitMetadata = { tally: EMPTY_TALLY, partitionTime: -1, nodeTimes: {} }
/** What a tally takes at the most, all of its reasons given up. */
const LEAST_TALLY_BYTES = 200
/** What is around packed times, their latest time included. */
const AROUND_PACKED_BYTES = 32

/**
 * The tally's text, with the times in it. A broker takes 4096 bytes and refuses a commit with more; so where not all finds room, there give
 * way, one after the other: the names of nodes (the times are packed, and nothing is lost), reasons of the tally (they are counted under
 * `other`), and the times of the last nodes: 240 always find room, and 150 while records are held back. A node whose time is left out learns it from its next record after a
 * restart, like all in Kafka Streams do, and may take one before that for on time that was late. Those that put windows out when they close come
 * first, since they would put them out once more.
 */
export function writeCommitMetadata({ tally, partitionTime, nodeTimes, held }: CommitMetadata): string {
  const time = (partitionTime < 0 ? '' : `,"time":${partitionTime}`) + textOf(held)
  const nodes = Object.entries(nodeTimes)
  const named = nodes.length === 0 ? '' : `,"times":${JSON.stringify(nodeTimes)}`
  const whole = withTimes(encodeTally(tally, Infinity), time + named)
  if (Buffer.byteLength(whole) <= TALLY_BYTES_MAX) return whole
  const room = TALLY_BYTES_MAX - LEAST_TALLY_BYTES - time.length - AROUND_PACKED_BYTES
  const packed = packTimes(nodes, room)
  const times = packed === null ? time : `${time},"packed":${JSON.stringify(packed)}`
  return withTimes(encodeTally(tally, TALLY_BYTES_MAX - times.length), times)
}

/** Never left out: records would be taken for done with. */
function textOf(held: HeldOffsets | undefined): string {
  if (held === undefined || held.offsets.length === 0) return ''
  return `,"held":${JSON.stringify([held.until, held.offsets[0], encodeOffsets(held.offsets)])}`
}

function withTimes(tally: string, times: string): string {
  return times === '' ? tally : `${tally.slice(0, -1)}${times}}`
}

/**
 * Also of what Kafka Streams commits, whose group may be gone on with: it says how far time was in the partition, and up to where windows have
 * been closed. Nothing where it is neither. Kafka Streams takes ours for nothing, too, and says so in its log.
 */
export function readCommitMetadata(text: string): CommitMetadata {
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch {
    return { ...NOTHING, ...timesOfKafkaStreams(text) }
  }
  if (typeof found !== 'object' || found === null) return NOTHING
  const { time, times, packed, held } = found as Readonly<Partial<Record<string, unknown>>>
  return {
    tally: decodeTally(text),
    partitionTime: Number.isSafeInteger(time) ? (time as number) : -1,
    nodeTimes: { ...packedTimesOf(packed), ...timesOf(times) },
    ...heldOf(held),
  }
}

function heldOf(held: unknown): Pick<CommitMetadata, 'held'> {
  if (!Array.isArray(held)) return {}
  const [until, first, steps] = held as readonly unknown[]
  if (!Number.isSafeInteger(until) || !Number.isSafeInteger(first) || typeof steps !== 'string') return {}
  return { held: { until: until as number, offsets: decodeOffsets(first as number, steps) } }
}

function timesOf(times: unknown): Readonly<Record<string, number>> {
  if (typeof times !== 'object' || times === null) return {}
  return Object.fromEntries(
    Object.entries(times).filter((entry): entry is [string, number] => Number.isSafeInteger(entry[1])),
  )
}

function packedTimesOf(packed: unknown): Readonly<Record<string, number>> {
  if (!Array.isArray(packed)) return {}
  const [latest, nodes] = packed as readonly unknown[]
  if (typeof latest !== 'number' || !Number.isSafeInteger(latest) || typeof nodes !== 'string') return {}
  return unpackTimes([latest, nodes])
}

function timesOfKafkaStreams(text: string): Partial<CommitMetadata> {
  try {
    const { partitionTime, processors } = readOffsetMetadata(text)
    return { partitionTime, nodeTimes: Object.fromEntries([...processors].map(([store, at]) => [storeKey(store), at])) }
  } catch (error) {
    if (error instanceof DataError) return {}
    throw error
  }
}
