import { BatchAppender, type SealOptions } from '@sluice/kafka-protocol'

/** A sealed batch of records with these values. */
export function batchOf(values: readonly string[], seal: SealOptions = {}, timestamp = Date.now()): Uint8Array {
  const bytes = values.reduce((sum, value) => sum + value.length * 3 + 64, 256)
  const appender = new BatchAppender(new Uint8Array(bytes))
  for (const value of values) appender.append(null, Buffer.from(value), timestamp, null)
  return new Uint8Array(appender.seal(seal))
}

/** A sealed batch of one record with a key. */
export function keyedBatch(key: string, value: string, seal: SealOptions = {}, timestamp = Date.now()): Uint8Array {
  const appender = new BatchAppender(new Uint8Array((key.length + value.length) * 3 + 256))
  appender.append(Buffer.from(key), Buffer.from(value), timestamp, null)
  return new Uint8Array(appender.seal(seal))
}
