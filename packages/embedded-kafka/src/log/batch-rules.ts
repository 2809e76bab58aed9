import {
  type BatchRecords,
  COMPRESSION_CODECS,
  type CompressionCodec,
  type KafkaErrorName,
  ProtocolError,
  batchLayout as layout,
  crc32c,
  decompress,
  readBatches,
} from '@sluice/kafka-protocol'
import { ApiError } from '../api/handler.ts'
import type { TopicConfig } from '../broker.ts'
import { type BatchHeader, isControl, isLogAppendTime, readHeader } from './batch-header.ts'
import { areWellFramed } from './record-framing.ts'

/** What is wrong with one record of a batch. */
export interface RecordError {
  readonly batchIndex: number
  readonly batchIndexErrorMessage: string
}

/** Refuses a batch because of some of its records; the answer names them (`recordErrors`, Produce 8 and later). */
export class RecordErrors extends ApiError {
  readonly recordErrors: readonly RecordError[]

  constructor(name: KafkaErrorName, message: string, recordErrors: readonly RecordError[]) {
    super(name, message)
    this.recordErrors = recordErrors
  }
}

const LARGEST_CODEC = 4
/** What a batch may come to: a little memory compressed can be a lot. */
const DECOMPRESSED_BYTES_MAX = 64 * 1024 * 1024

/** Sizes that Kafka tells a cut-off batch from no batch by: of the fields up to the length, up to the magic, and of an empty v0 record. */
const LENGTH_END = layout.LENGTH_OVERHEAD
const MAGIC_END = layout.MAGIC + 1
const RECORD_LENGTH_MIN = 14

export interface CheckedBatch {
  /** The batch alone: bytes behind it that are no batch are ignored, as Kafka does. */
  readonly bytes: Buffer
  readonly header: BatchHeader
}

/**
 * The one batch that a producer sent, checked by its header, its checksum and the lengths in it; what records hold is looked at only
 * where a rule of the topic needs it. Throws ApiErrors as Kafka does: CORRUPT_MESSAGE for bytes that are no batch, INVALID_RECORD for a batch that no
 * client may write, MESSAGE_TOO_LARGE, INVALID_TIMESTAMP.
 */
export function checkedBatch(sent: Buffer, config: TopicConfig, now: number): CheckedBatch {
  const bytes = onlyBatch(sent)
  const header = readHeader(bytes, 0)
  if (header.length > config.maxMessageBytes) {
    throw new ApiError(
      'MESSAGE_TOO_LARGE',
      `A record batch of ${header.length} bytes is larger than max.message.bytes (${config.maxMessageBytes}).`,
    )
  }
  if (crc32c(bytes.subarray(layout.ATTRIBUTES)) !== header.crc) {
    throw corrupt('The checksum of a record batch does not match its bytes.')
  }
  checkHeader(header)
  checkRecords(bytes, header, config, now)
  return { bytes, header }
}

function onlyBatch(sent: Buffer): Buffer {
  const length = wholeBatchAt(sent, 0)
  if (length === 0) throw new ApiError('INVALID_RECORD', 'A produce request holds no record batch for a partition.')
  if (sent[layout.MAGIC] !== 2) {
    throw new ApiError('INVALID_RECORD', `Message format v${sent[layout.MAGIC]} is not served; only v2 is.`)
  }
  if (length < layout.RECORDS) throw corrupt(`A record batch cannot be ${length} bytes long.`)
  if (length === sent.length) return sent
  if (wholeBatchAt(sent, length) > 0) {
    throw new ApiError('INVALID_RECORD', 'A partition of a produce request holds exactly one record batch.')
  }
  return sent.subarray(0, length)
}

/** The length of the batch of any format that begins here; 0 if there is none, or only a part of one. */
function wholeBatchAt(bytes: Buffer, at: number): number {
  const left = bytes.length - at
  if (left < LENGTH_END) return 0
  const length = bytes.readInt32BE(at + layout.BATCH_LENGTH)
  if (length < RECORD_LENGTH_MIN) throw corrupt(`A record batch cannot be ${length} bytes long.`)
  if (left < MAGIC_END) return 0
  const magic = bytes.readInt8(at + layout.MAGIC)
  if (magic < 0 || magic > 2) throw corrupt(`There is no message format v${magic}.`)
  return length + LENGTH_END > left ? 0 : length + LENGTH_END
}

function checkHeader(header: BatchHeader): void {
  const { count, lastOffsetDelta, baseOffset } = header
  if (baseOffset !== 0) throw new ApiError('INVALID_RECORD', `A record batch begins with offset ${baseOffset}, not 0.`)
  if (count <= 0 || lastOffsetDelta < 0 || lastOffsetDelta + 1 !== count) {
    throw new ApiError(
      'INVALID_RECORD',
      `A record batch announces ${count} records and ${lastOffsetDelta + 1} offsets.`,
    )
  }
  if (isControl(header)) throw new ApiError('INVALID_RECORD', 'Clients may not write control records.')
  if (header.producerId >= 0 && header.baseSequence < 0) {
    throw new ApiError('INVALID_RECORD', `A batch of producer ${header.producerId} has no sequence number.`)
  }
  if ((header.attributes & layout.CODEC_MASK) > LARGEST_CODEC) {
    throw new ApiError('UNKNOWN_SERVER_ERROR', 'A record batch has a compression codec that Kafka does not define.')
  }
}

function checkRecords(bytes: Buffer, header: BatchHeader, config: TopicConfig, now: number): void {
  checkFraming(bytes, header)
  // Producers do not stamp the broker's time. Kafka overlooks the flag, and removes it, where the topic has their time.
  const isClientTime = config.timestampType === 'create'
  const isFalselyStamped = !isClientTime && isLogAppendTime(header)
  const latest = now + config.timestampAfterMaxMs
  const earliest = now - config.timestampBeforeMaxMs
  const areTimesDoubtful = isFalselyStamped || (isClientTime && (header.maxTimestamp > latest || earliest > 0))
  if (!config.isCompacted && !areTimesDoubtful) return

  const records = recordsOf(bytes)
  const errors: RecordError[] = []
  let timeErrors = 0
  for (let i = 0; i < records.count; i++) {
    if (config.isCompacted && records.keyLength(i) < 0) {
      errors.push({
        batchIndex: i,
        batchIndexErrorMessage: `Compacted topic cannot accept message without key in topic partition.`,
      })
      continue
    }
    const timestamp = records.timestamp(i)
    const isOutOfRange = isClientTime && timestamp !== -1 && (timestamp > latest || timestamp < earliest)
    if (!isFalselyStamped && !isOutOfRange) continue
    timeErrors++
    errors.push({
      batchIndex: i,
      batchIndexErrorMessage: isFalselyStamped ? FALSELY_STAMPED : outOfRange(timestamp, earliest, latest),
    })
  }
  if (errors.length === 0) return
  if (timeErrors > 0) {
    throw new RecordErrors(
      'INVALID_TIMESTAMP',
      'One or more records have been rejected due to invalid timestamp',
      errors,
    )
  }
  throw new RecordErrors(
    'INVALID_RECORD',
    `One or more records have been rejected due to ${errors.length} record errors in total, and only showing the first three errors at most: ${JSON.stringify(errors.slice(0, 3))}`,
    errors,
  )
}

function checkFraming(bytes: Buffer, { attributes, count }: BatchHeader): void {
  const codec = COMPRESSION_CODECS[attributes & layout.CODEC_MASK]!
  const isWell =
    codec === 'none'
      ? areWellFramed(bytes, layout.RECORDS, count, false)
      : areWellFramed(decompressed(bytes, codec), 0, count, true)
  if (!isWell) throw new ApiError('INVALID_RECORD', 'The records of a batch do not fit the lengths they announce.')
}

/** Kafka has no better word for bytes that are not of their codec than UNKNOWN_SERVER_ERROR. */
function decompressed(bytes: Buffer, codec: CompressionCodec): Uint8Array {
  try {
    return decompress(codec, bytes.subarray(layout.RECORDS), DECOMPRESSED_BYTES_MAX)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw new ApiError(error.code === 'BATCH_TOO_LARGE' ? 'MESSAGE_TOO_LARGE' : 'UNKNOWN_SERVER_ERROR', error.message)
  }
}

const FALSELY_STAMPED = 'Producers may not set the timestamp type LogAppendTime.'

function outOfRange(timestamp: number, earliest: number, latest: number): string {
  return `Timestamp ${timestamp} is out of range: this topic takes ${earliest} to ${latest}.`
}

/** The records themselves: decompressed, which is why it is done only when a rule needs them. */
function recordsOf(bytes: Buffer): BatchRecords {
  try {
    return readBatches(bytes, { checkCrc: false })[0]!.records()
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw new ApiError('INVALID_RECORD', error.message)
  }
}

function corrupt(message: string): ApiError {
  return new ApiError('CORRUPT_MESSAGE', message)
}
