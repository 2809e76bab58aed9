import { isRetriable, type NotReadyError } from '@sluice/sdk'
import { nameOfRecord } from './end-before.ts'
import type { RecordPlace } from './record-context.ts'

/** Converters end what they wait for when they are closed. */
const NEVER = new AbortController().signal

/** What serdes ask for and do not have yet, as the schema of an id that they have not met: asked for once for each try of a record. */
export class Readiness {
  #record = ''
  #isUnderWay = false
  #refusal: unknown = undefined

  /** Why the record cannot go on: what is missing is on its way, or cannot be had. */
  reason(at: RecordPlace, error: NotReadyError): unknown {
    const record = nameOfRecord(at)
    if (record !== this.#record) [this.#record, this.#isUnderWay, this.#refusal] = [record, false, undefined]
    if (this.#refusal !== undefined && !isRetriable(this.#refusal)) return this.#refusal
    if (!this.#isUnderWay) void this.#ask(record, error)
    return error
  }

  /** Never rejects. */
  async #ask(record: string, { ready }: NotReadyError): Promise<void> {
    this.#isUnderWay = true
    let refusal: unknown = undefined
    try {
      await ready(NEVER)
    } catch (error) {
      refusal = error
    }
    if (record === this.#record) [this.#isUnderWay, this.#refusal] = [false, refusal]
  }
}
