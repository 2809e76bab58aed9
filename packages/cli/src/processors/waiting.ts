/** Waits until a processor is in a state; who looks sees how it stands meanwhile. */
import { isRetriable, SluiceError } from '@sluice/sdk'
import type { ProcessorStatusShown } from '@sluice/worker/client'
import { ProgressLine } from '../connect/progress-line.ts'
import type { Wait } from '../connect/waiting.ts'

const LOOK_MS = 500
/** What is FAILED right after a restart may be the state from before. */
const FAILED_FOR_MS = 5_000
/** So may be what RUNS right after a restart: it must have been seen otherwise, or go on for so long. */
const STEADY_FOR_MS = 2_000

/**
 * `isIn`: whether it is as it is to be; null: it is not there.
 * @throws SluiceError WAIT_TIMED_OUT; TASK_FAILED when it stays FAILED; as of ConnectClient
 */
export async function waitForProcessor(
  name: string,
  what: string,
  isIn: (status: ProcessorStatusShown | null) => boolean,
  wait: Wait,
): Promise<void> {
  const { terminal, signal, values } = wait
  const { clock } = terminal
  const line = new ProgressLine(terminal, values.quiet)
  const begun = clock.monotonic()
  let failedSince: number | null = null
  let wasOtherwise = isIn !== isRunning
  let seen = 'nothing is known of it'
  try {
    while (!signal.aborted) {
      const status = await lookAt(name, wait)
      const now = clock.monotonic()
      if (status instanceof SluiceError) seen = status.message
      else {
        if (isIn(status) && (wasOtherwise || now - begun >= STEADY_FOR_MS)) return
        wasOtherwise ||= !isIn(status)
        seen = told(status)
        failedSince = status?.state === 'FAILED' ? (failedSince ?? now) : null
        if (status !== null && failedSince !== null && now - failedSince >= FAILED_FOR_MS) throw failed(status)
      }
      const waitedMs = now - begun
      if (waitedMs >= values.timeout) {
        throw new SluiceError('WAIT_TIMED_OUT', `${name} is not ${what} after ${values.timeout} ms: ${seen}`, {
          remedy: `sluice processors status ${name} says more; --timeout gives it longer.`,
        })
      }
      line.show(`${name}: ${seen} (waiting for ${what}, ${Math.floor(waitedMs / 1000)} s)`)
      await clock.sleep(Math.min(LOOK_MS, values.timeout - waitedMs), signal)
    }
  } finally {
    line.clear()
  }
  throw new SluiceError('INTERRUPTED', `Stopped waiting for ${name} to be ${what}: ${seen}`)
}

/** All instances are of the newest deployment, and run. */
export function isRunning(status: ProcessorStatusShown | null): boolean {
  return (
    status?.state === 'RUNNING' &&
    status.instances.every((one) => one.state === 'RUNNING' && one.deployment === status.deployment)
  )
}

export function isPaused(status: ProcessorStatusShown | null): boolean {
  return status?.state === 'PAUSED'
}

export function isGone(status: ProcessorStatusShown | null): boolean {
  return status === null
}

/** A worker that is away, as while it is restarted, may come back. */
async function lookAt(name: string, { client, signal }: Wait): Promise<ProcessorStatusShown | null | SluiceError> {
  try {
    return await client.call('processorStatus', { path: { processor: name }, query: { lag: false } }, signal)
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    if (error.code === 'CONNECT_UNKNOWN') return null
    if (isRetriable(error)) return error
    throw error
  }
}

function told(status: ProcessorStatusShown | null): string {
  if (status === null) return 'there is no such processor'
  const running = status.instances.filter(({ state }) => state === 'RUNNING').length
  return `${status.state}, ${running} of ${status.instances.length} instances RUNNING`
}

function failed({ name, instances }: ProcessorStatusShown): SluiceError {
  const trace = instances.find((one) => one.trace !== undefined)?.trace ?? ''
  const [reason] = trace.split('\n')
  return new SluiceError('TASK_FAILED', `${name} has failed${reason === '' ? '' : `: ${reason}`}`, {
    remedy: `sluice processors status ${name} shows the trace; when the cause is gone, sluice processors restart ${name}.`,
  })
}
