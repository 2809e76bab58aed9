/** What becomes of what fails while no record is under way: in a punctuator, in what it puts out, and in calls that this began. */
import type { Quarantine } from '@sluice/quality'
import { SluiceError } from '@sluice/sdk'
import { withDeadLetterHeaders } from './dead-letter-headers.ts'
import type { Drops } from './drops.ts'
import { failed } from './end-before.ts'
import { bytesOf } from './output-batch.ts'
import type { RecordContext } from './record-context.ts'
import type { TaskSettings } from './task-contract.ts'

interface Parts {
  readonly task: string
  readonly settings: TaskSettings
  /** Of the first source of the task. */
  readonly quarantineTopic: string
  readonly quarantine: Quarantine
  readonly drops: Drops
}

/**
 * As in Kafka Streams, what was changed and put out before stays, and what follows goes on. There is nothing to try again, and nothing to park:
 * `retry` and `park` are `quarantine`, whose dead letter has neither key nor value, and says which node failed, and how (KIP-1033, KIP-1034).
 */
export class WithoutRecord {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Returns the reason to stop. */
  thrown(at: RecordContext, error: unknown): SluiceError | null {
    if (at.halt !== null) return at.halt
    // What waited would be lost.
    if (at.isLettingGo) return failed(at, error)
    const { settings, drops } = this.#parts
    const { stage } = at
    const policy = at.policy ?? (stage === 'encode' ? settings.onEncodeException : settings.onProcessException)
    if (policy === 'fail') return failed(at, error)
    drops.add(stage)
    if (policy !== 'drop') this.#sendLetter(at, error)
    at.stage = 'process'
    return null
  }

  #sendLetter(at: RecordContext, error: unknown): void {
    const { task, quarantineTopic: topic, quarantine } = this.#parts
    const { node, stage, timestamp, output } = at
    const without = { key: null, value: null, headers: null, timestamp: at.letterTime(topic, timestamp), origin: null }
    const failure = new SluiceError('TASK_FAILED', `What ${node} does without a record failed`, {
      cause: error,
      place: { task, node },
    })
    const letter = quarantine.failed(without, stage, failure)
    const headers = withDeadLetterHeaders(letter.headers, error, { topic: '', partition: -1, offset: -1 })
    const record = { ...letter, topic, partition: null, headers }
    output.add(record, bytesOf(record))
  }
}
