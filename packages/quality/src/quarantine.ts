/** Makes quarantine records: whatever cannot go on leaves with its original bytes, the stage's name and the reason. */
import type { Clock, DivertReason, Random, RawHeader, Stage } from '@sluice/sdk'
import { describeCauses, SluiceError } from '@sluice/sdk'
import type { Gate } from './gate.ts'
import {
  readQuarantineHeaders,
  textHeader,
  withoutEnvelope,
  writeQuarantineHeaders,
  type Origin,
  type QuarantineEnvelope,
} from './quarantine-headers.ts'
import { uuidV7 } from './uuid-v7.ts'
import { cut, type Reason, type Verdict } from './verdict.ts'

/** A record as it was before anything looked into it. */
export interface OriginalRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RawHeader[] | null
  /** Milliseconds since the epoch. */
  readonly timestamp: number | null
  /** Null when it never was in Kafka. */
  readonly origin: Origin | null
}

/** What to produce to the quarantine topic. `key` and `value` are the very arrays of the original. */
export interface QuarantineRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** The original ones, in order, then the envelope. */
  readonly headers: readonly RawHeader[]
  readonly timestamp: number | null
}

export interface QuarantineOptions {
  /** The flow that the records belong to: a connector or a processor. */
  readonly flow: string
  readonly worker?: string
  readonly clock: Clock
  readonly random: Random
}

/** The longest stack that is kept, in characters. */
const STACK_CHARS_MAX = 4000

/** Makes the quarantine records of one flow. */
export class Quarantine {
  readonly #options: QuarantineOptions

  constructor(options: QuarantineOptions) {
    this.#options = options
  }

  /** For a record on which a gate's verdict is `quarantine`. */
  judged(original: OriginalRecord, gate: Gate, verdict: Verdict): QuarantineRecord {
    return this.#record(original, 'judge', {
      gate: gate.id,
      gateVersion: gate.version,
      ruleset: `${gate.ruleset.id}@${gate.ruleset.version} sha256:${gate.ruleset.fingerprint}`,
      severity: verdict.severity,
      reasons: verdict.reasons,
    })
  }

  /** For bytes that a source could not read as a record: stage `poll`, no origin in Kafka; file, line and column are in the reason. */
  diverted(bytes: Uint8Array, { code, message, place, remedy }: DivertReason): QuarantineRecord {
    const reason = {
      ...EXTERNAL,
      code,
      expected: remedy === undefined ? null : cut(remedy),
      message: cut(message),
      place,
    }
    const original = { key: null, value: bytes, headers: null, timestamp: null, origin: null }
    return this.#record(original, 'poll', { reasons: [reason] })
  }

  /** For a record on which a stage threw: `decode` when its bytes are not what the codec expects, `process` when user code failed. */
  failed(original: OriginalRecord, stage: Stage, error: unknown): QuarantineRecord {
    const isError = error instanceof Error
    const reason = {
      ...EXTERNAL,
      code: error instanceof SluiceError ? error.code : `${stage}.failed`,
      expected: error instanceof SluiceError && error.remedy !== undefined ? cut(error.remedy) : null,
      message: cut(describeCauses(error)),
      ...(error instanceof SluiceError && error.place !== undefined ? { place: error.place } : {}),
    }
    return this.#record(original, stage, {
      reasons: [reason],
      exceptionClass: isError ? error.name : typeof error,
      exceptionStack: isError ? cut(error.stack ?? error.message, STACK_CHARS_MAX) : null,
    })
  }

  #record(original: OriginalRecord, stage: Stage, facts: Partial<QuarantineEnvelope>): QuarantineRecord {
    const { flow, worker, clock, random } = this.#options
    const now = clock.now()
    const earlier = readQuarantineHeaders(original.headers)
    const envelope: QuarantineEnvelope = {
      id: earlier === null ? uuidV7(clock, random) : earlier.id,
      origin: original.origin,
      flow,
      gate: null,
      gateVersion: null,
      ruleset: null,
      stage,
      severity: 'error',
      reasons: [],
      attempt: earlier === null ? 1 : earlier.attempt + 1,
      firstSeen: earlier?.firstSeen ?? now,
      failedAt: now,
      worker: worker ?? null,
      exceptionClass: null,
      exceptionStack: null,
      ...facts,
    }
    const { key, value, headers, timestamp } = original
    return { key, value, headers: [...withoutEnvelope(headers ?? []), ...writeQuarantineHeaders(envelope)], timestamp }
  }
}

/** A reason that no check gave. */
const EXTERNAL = {
  check: null,
  field: null,
  actual: null,
  severity: 'error',
  ruleFingerprint: null,
} as const satisfies Partial<Reason>

/** The headers that annotate a record with a verdict of `mark`, to be added to its own: `dq-status`, `dq-warn`, `dq-gate`. */
export function markHeaders(gate: Gate, verdict: Verdict): RawHeader[] {
  const checks = [...new Set(verdict.reasons.map((reason) => reason.check))].join(',')
  return [
    textHeader('dq-status', verdict.severity ?? 'info'),
    textHeader('dq-warn', checks),
    textHeader('dq-gate', `${gate.id}@${gate.version.slice(0, 12)}`),
  ]
}
