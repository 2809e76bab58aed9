import type { Clock, Random } from '@sluice/sdk'
import { SluiceError } from '@sluice/sdk'
import type { StoreCall } from '../object-store.ts'
import { checkWanted } from '../object-path.ts'
import { openS3Client } from './s3-client.ts'
import type { S3Client } from './s3-client.ts'
import { s3Error } from './s3-errors.ts'
import type { S3Access } from './s3-errors.ts'
import { failureOf } from './s3-failure.ts'
import type { S3Settings } from './s3-settings.ts'

/** One attempt: what to make requests with, and the signal that ends it. */
export interface S3Attempt extends S3Client {
  readonly options: { readonly abortSignal: AbortSignal }
}

/** Whether a request may be tried again after it failed: `always`, or only when it is certain that `nothing-done`. */
export type Repetition = 'always' | 'nothing-done'

export interface S3Ports {
  readonly clock: Clock
  readonly random: Random
}

const PAUSE_MAX_MS = 20_000

/** Requests with a deadline for each attempt, and pauses between attempts, until they succeed or must be given up. */
export class S3Calls {
  readonly #settings: S3Settings
  readonly #ports: S3Ports
  #client: Promise<S3Client> | undefined

  constructor(settings: S3Settings, ports: S3Ports) {
    this.#settings = settings
    this.#ports = ports
  }

  /**
   * @throws SluiceError OBJECT_MISSING for a read answered with 404; STORE_UNAVAILABLE, retriable when it can pass;
   *   INTERRUPTED and STORE_UNAVAILABLE as `StoreCall` says
   */
  async run<T>(
    access: S3Access,
    call: StoreCall | undefined,
    repetition: Repetition,
    act: (attempt: S3Attempt) => Promise<T>,
  ): Promise<T> {
    const what = `Access to ${access.path}`
    for (let attempt = 1; ; attempt++) {
      checkWanted(call, what)
      try {
        return await this.#attempt(call?.signal, act)
      } catch (error) {
        if (error instanceof SluiceError) throw error
        checkWanted(call, what)
        const failure = failureOf(error)
        const mayRepeat = failure.isPassing && (repetition === 'always' || failure.isNothingDone)
        if (!mayRepeat || attempt >= this.#settings['s3.attempts.max']) throw s3Error(access, failure, attempt, error)
      }
      await this.pause(attempt, call?.signal)
    }
  }

  /** Waits after that many failures: longer each time, and at random, so that many clients do not come back at once. */
  async pause(failures: number, signal: AbortSignal | undefined): Promise<void> {
    const { clock, random } = this.#ports
    const longestMs = Math.min(PAUSE_MAX_MS, this.#settings['s3.retry.backoff.ms'] * 2 ** (failures - 1))
    await clock.sleep(random.next() * longestMs, signal)
  }

  async #attempt<T>(outer: AbortSignal | undefined, act: (attempt: S3Attempt) => Promise<T>): Promise<T> {
    const client = await this.#opened()
    const ended = new AbortController()
    const timeoutMs = this.#settings['s3.request.timeout.ms']
    const timer = setTimeout(
      () => ended.abort(new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError')),
      timeoutMs,
    )
    const stop = (): void => ended.abort(outer?.reason)
    outer?.addEventListener('abort', stop, { once: true })
    try {
      return await act({ ...client, options: { abortSignal: ended.signal } })
    } catch (error) {
      // The SDK says only that it was aborted; the reason says why.
      throw ended.signal.aborted ? ended.signal.reason : error
    } finally {
      clearTimeout(timer)
      outer?.removeEventListener('abort', stop)
    }
  }

  /** Made once; a failure is not kept. */
  async #opened(): Promise<S3Client> {
    this.#client ??= openS3Client(this.#settings)
    try {
      return await this.#client
    } catch (error) {
      this.#client = undefined
      throw error
    }
  }
}
