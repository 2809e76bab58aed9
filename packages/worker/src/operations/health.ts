/** What `/health` says (KIP-1017), and the sentence about what keeps the herder busy that late answers carry. */
import type { Clock } from '@sluice/sdk'
import type { Herder, HerderStage } from '../herder/herder.ts'

export interface HealthAnswer {
  readonly status: number
  readonly body: { readonly status: 'healthy' | 'starting' | 'unhealthy'; readonly message: string }
}

/** Something did not come before its deadline. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime'
}

/** What `work` comes to, unless that takes longer than `timeoutMs`. @throws OutOfTime */
export async function withinTime<T>(work: Promise<T>, timeoutMs: number, clock: Clock): Promise<T> {
  const over = new AbortController()
  const deadline = clock.sleep(timeoutMs, over.signal).then((): Promise<T> => {
    if (over.signal.aborted) return work
    throw new OutOfTime(`not within ${timeoutMs} ms`)
  })
  try {
    return await Promise.race([work, deadline])
  } finally {
    over.abort(null)
  }
}

/** A round through the herder. @throws what the herder rejects with, when it answers in time */
export async function health(herder: Herder, timeoutMs: number, clock: Clock): Promise<HealthAnswer> {
  try {
    await withinTime(herder.healthCheck(), timeoutMs, clock)
  } catch (error) {
    if (!(error instanceof OutOfTime)) throw error
    const details = stageSentence(herder.stage())
    return herder.isReady
      ? sick(
          500,
          'unhealthy',
          'Worker was unable to handle this request and may be unable to handle other requests.',
          details,
        )
      : sick(503, 'starting', 'Worker is still starting up.', details)
  }
  const message = 'Worker has completed startup and is ready to handle requests.'
  return { status: 200, body: { status: 'healthy', message } }
}

/** '' where the herder has no stages. */
export function stageSentence(stage: HerderStage | null): string {
  if (stage === null) return ''
  const { what, since, until } = stage
  return until === null
    ? `The worker is currently ${what}, which began at ${instant(since)}.`
    : `The last operation the worker completed was ${what}, which began at ${instant(since)} and completed at ${instant(until)}.`
}

function sick(status: number, state: 'starting' | 'unhealthy', message: string, details: string): HealthAnswer {
  return { status, body: { status: state, message: details === '' ? message : `${message} ${details}` } }
}

/** As Java writes an instant: without the milliseconds when there are none. */
function instant(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}
