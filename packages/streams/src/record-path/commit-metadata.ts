/** The text that is committed with an offset: what became of the records before it, and how far time had come. */
import { decodeTally, EMPTY_TALLY, encodeTally, TALLY_BYTES_MAX, type Tally } from '@sluice/kafka'
import { DataError } from '@sluice/sdk'
import { readOffsetMetadata } from '../state/formats/offset-metadata.ts'

export interface CommitMetadata {
  readonly tally: Tally
  /** The largest timestamp of the partition's records before the offset; -1: none yet. */
  readonly partitionTime: number
  /** What the nodes of its task know of time: see `NodeTimes`. */
  readonly nodeTimes: Readonly<Record<string, number>>
}

const NOTHING: CommitMetadata = { tally: EMPTY_TALLY, partitionTime: -1, nodeTimes: {} }

/** The tally's text, with the times in it. Where there is not room for all, reasons of the tally give way. */
export function writeCommitMetadata({ tally, partitionTime, nodeTimes }: CommitMetadata): string {
  const time = partitionTime < 0 ? '' : `,"time":${partitionTime}`
  const times = Object.keys(nodeTimes).length === 0 ? '' : `,"times":${JSON.stringify(nodeTimes)}`
  const text = `${time}${times}`
  if (text === '') return encodeTally(tally)
  return `${encodeTally(tally, TALLY_BYTES_MAX - Buffer.byteLength(text)).slice(0, -1)}${text}}`
}

/** Also of what Kafka Streams commits, whose group may be gone on with: it says how far time was. Nothing where it is neither. */
export function readCommitMetadata(text: string): CommitMetadata {
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch {
    return { ...NOTHING, partitionTime: timeOfKafkaStreams(text) }
  }
  if (typeof found !== 'object' || found === null) return NOTHING
  const { time, times } = found as { readonly time?: unknown; readonly times?: unknown }
  return {
    tally: decodeTally(text),
    partitionTime: Number.isSafeInteger(time) ? (time as number) : -1,
    nodeTimes: typeof times === 'object' && times !== null ? timesOf(times) : {},
  }
}

function timesOf(times: object): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(times).filter((entry): entry is [string, number] => Number.isSafeInteger(entry[1])),
  )
}

function timeOfKafkaStreams(text: string): number {
  try {
    return readOffsetMetadata(text).partitionTime
  } catch (error) {
    if (error instanceof DataError) return -1
    throw error
  }
}
