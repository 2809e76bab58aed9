import type { Clock, Logger } from '@sluice/sdk'
import type { TaskId } from './herder.ts'
import { taskKey } from './holdings.ts'

export interface AutomaticRestartOptions {
  /** The n-th restart in a row comes n² times this later. Default 1,000. */
  readonly backoffMs?: number
  /** At most so much later. Default 300,000. */
  readonly backoffMaxMs?: number
  /** Up for so long, it counts as healthy: the next failure is the first again. Default 600,000. */
  readonly healthyAfterMs?: number
  /** So many times the same error at the same position: it stays FAILED. Default 5. */
  readonly poisonAfter?: number
}

interface Record {
  readonly work: string | TaskId
  attempts: number
  upSince: number | null
  /** The error and the position it names; null: no position. */
  place: string | null
  samePlace: number
  /** Counts up with whatever makes a restart that is under way obsolete. */
  turn: number
  /** Its restart was due while it was not to run. */
  isHeld: boolean
}

export interface AutomaticRestartParts {
  readonly options: AutomaticRestartOptions
  readonly clock: Clock
  readonly logger: Logger
  /** Does it later, in the herder's turn. */
  readonly later: (what: string, delayMs: number, work: () => void) => void
  /** False: it is not to run now; `resumed` says when it is. */
  readonly restart: (work: string | TaskId) => boolean
}

/**
 * What failed comes back by itself: after n² times a second, at most after five minutes. A record that makes its task fail again and
 * again (the same error at the same position) is not transient: then the task stays FAILED and says so.
 */
export class AutomaticRestart {
  readonly #parts: AutomaticRestartParts
  readonly #options: Required<AutomaticRestartOptions>
  readonly #records = new Map<string, Record>()

  constructor(parts: AutomaticRestartParts) {
    this.#parts = parts
    this.#options = {
      backoffMs: 1_000,
      backoffMaxMs: 300_000,
      healthyAfterMs: 600_000,
      poisonAfter: 5,
      ...parts.options,
    }
  }

  up(work: string | TaskId): void {
    const record = this.#records.get(keyOf(work))
    if (record !== undefined) record.upSince = this.#parts.clock.monotonic()
  }

  /**
   * Plans the restart. What is to be said in the status.
   * @param own what the connector says itself
   */
  failed(work: string | TaskId, trace: string, own: AutomaticRestartOptions = {}): string {
    const { backoffMs, backoffMaxMs, healthyAfterMs, poisonAfter } = { ...this.#options, ...own }
    const { clock, logger, later, restart } = this.#parts
    const key = keyOf(work)
    const record = this.#records.get(key) ?? fresh(work)
    this.#records.set(key, record)
    if (record.upSince !== null && clock.monotonic() - record.upSince >= healthyAfterMs)
      Object.assign(record, { attempts: 0, samePlace: 0, place: null })
    record.upSince = null
    record.isHeld = false
    const place = placeOf(trace)
    record.samePlace = place !== null && place === record.place ? record.samePlace + 1 : 1
    record.place = place
    const turn = ++record.turn
    if (place !== null && record.samePlace >= poisonAfter) {
      logger.error('Not restarted any more: the same record fails every time', { work: key })
      return `Failed ${record.samePlace} times with the same error at the same position: it is not restarted any more. Mend or skip the record, then restart it.`
    }
    const attempt = ++record.attempts
    const delayMs = Math.min(attempt * attempt * backoffMs, backoffMaxMs)
    logger.warn('Failed; it will be restarted', { work: key, attempt, delayMs })
    later(`restarting ${key} after a failure`, delayMs, () => {
      if (record.turn === turn && this.#records.get(key) === record) record.isHeld = !restart(work)
    })
    return `Automatic restart ${attempt}: next attempt at ${new Date(clock.now() + delayMs).toISOString()}.`
  }

  /** The connector is to run again: what was due in the meantime is restarted. */
  resumed(connector: string): void {
    for (const record of this.#records.values())
      if (record.isHeld && connectorOf(record.work) === connector) record.isHeld = !this.#parts.restart(record.work)
  }

  /** Somebody has restarted, changed or removed it: it begins anew. */
  forget(work: string | TaskId): void {
    this.#records.delete(keyOf(work))
  }

  forgetConnector(connector: string): void {
    for (const [key, { work }] of this.#records) if (connectorOf(work) === connector) this.#records.delete(key)
  }
}

function fresh(work: string | TaskId): Record {
  return { work, attempts: 0, upSince: null, place: null, samePlace: 0, turn: 0, isHeld: false }
}

function connectorOf(work: string | TaskId): string {
  return typeof work === 'string' ? work : work.connector
}

function keyOf(work: string | TaskId): string {
  return typeof work === 'string' ? `connector ${work}` : taskKey(work)
}

/** The first line of an error that names a position (`offset=7`, `line=7`, …); null: it names none, so it may pass. */
function placeOf(trace: string): string | null {
  const [first = ''] = trace.split('\n', 1)
  return /\b(?:offset|line|position|row|byte)s?\b\W{0,3}\d+/i.test(first) ? first : null
}
