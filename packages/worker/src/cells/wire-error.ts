import { ERROR_CODES, isRetriable, RetriableError, SluiceError, type ErrorCode } from '@sluice/sdk'

/** An error on its way between processes: what people read, and what code decides by. */
export interface WireError {
  readonly name: string
  readonly message: string
  /** Null: not one of ours. */
  readonly code: ErrorCode | null
  readonly remedy: string | null
  readonly isRetriable: boolean
  readonly cause: WireError | null
  readonly stack: string | null
}

const DEPTH_MAX = 6

export function toWire(error: unknown, depth = 0): WireError {
  if (!(error instanceof Error))
    return {
      name: 'Error',
      message: String(error),
      code: null,
      remedy: null,
      isRetriable: false,
      cause: null,
      stack: null,
    }
  const { name, message, cause, stack = null } = error
  const ours = error instanceof SluiceError ? error : null
  return {
    name,
    message,
    code: ours?.code ?? null,
    remedy: ours?.remedy ?? null,
    isRetriable: isRetriable(error),
    cause: cause === undefined || cause === null || depth === DEPTH_MAX ? null : toWire(cause, depth + 1),
    stack,
  }
}

export function fromWire(wire: WireError): Error {
  const cause = wire.cause === null ? {} : { cause: fromWire(wire.cause) }
  const error =
    wire.code === null || !Object.hasOwn(ERROR_CODES, wire.code)
      ? new Error(wire.message, cause)
      : new (wire.isRetriable ? RetriableError : SluiceError)(wire.code, wire.message, {
          ...cause,
          ...(wire.remedy === null ? {} : { remedy: wire.remedy }),
        })
  if (wire.stack !== null) error.stack = wire.stack
  return error
}
