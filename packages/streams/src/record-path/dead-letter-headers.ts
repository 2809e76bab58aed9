import type { RawHeader } from '@sluice/sdk'

const PREFIX = '__streams.errors.'

/** Where a record was read that failed; a topic '': it is none. */
export interface FailedPlace {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/**
 * The headers that Kafka Streams' own handlers give a dead letter (KIP-1034), so that its tools find what they look for. Those of an
 * earlier failure, of a record that came back, give way.
 */
export function withDeadLetterHeaders(
  headers: readonly RawHeader[],
  error: unknown,
  { topic, partition, offset }: FailedPlace,
): readonly RawHeader[] {
  const isError = error instanceof Error
  const texts: Readonly<Record<string, string>> = {
    exception: isError ? `${error.name}: ${error.message}` : String(error),
    message: isError ? error.message : String(error),
    stacktrace: isError ? (error.stack ?? '') : '',
    topic,
    partition: String(partition),
    offset: String(offset),
  }
  const own = Object.entries(texts).map(([name, text]) => ({
    key: `${PREFIX}${name}`,
    value: name === 'topic' && text === '' ? null : Buffer.from(text),
  }))
  return [...headers.filter(({ key }) => !key.startsWith(PREFIX)), ...own]
}
