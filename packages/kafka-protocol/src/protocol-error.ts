/**
 * The one error of this package. `code` says which promise was broken, `position` where in the bytes (counted from the
 * start of the frame, body or batch at hand), `remedy` what can be done about it.
 */

/** Every code, and when it is raised. */
export const PROTOCOL_ERROR_CODES = {
  MALFORMED: 'Bytes are not the message they claim to be: cut off, a length or count that cannot be, bytes left over.',
  INVALID_MESSAGE: 'A message given to an encoder lacks a field or has a value that its type cannot carry.',
  UNKNOWN_API: 'No API with this key or name is in the table.',
  UNSUPPORTED_VERSION: 'The API exists, but not in this version.',
  UNSUPPORTED_MAGIC: 'A record batch of message format v0 or v1; only v2 (Kafka 0.11 and later) is read.',
  CORRUPT_BATCH: 'The checksum of a record batch does not match its bytes.',
  UNSUPPORTED_COMPRESSION: 'A compression codec that Kafka does not define.',
  BATCH_TOO_LARGE: 'A batch decompresses to more bytes than the reader was told to accept.',
} as const

export type ProtocolErrorCode = keyof typeof PROTOCOL_ERROR_CODES

/** Facts about an error beyond its sentence. */
export interface ProtocolErrorFacts {
  readonly cause?: unknown
  readonly remedy?: string
  /** Where the offending byte is. */
  readonly position?: number
}

/** Bytes or a message that are not Kafka's protocol. Trying the same bytes again never helps. */
export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode
  readonly remedy: string | undefined
  readonly position: number | undefined

  constructor(code: ProtocolErrorCode, message: string, facts: ProtocolErrorFacts = {}) {
    super(
      facts.position === undefined ? message : `${message} (at byte ${facts.position})`,
      facts.cause === undefined ? undefined : { cause: facts.cause },
    )
    this.name = new.target.name
    this.code = code
    this.remedy = facts.remedy
    this.position = facts.position
  }
}
