/** Waits until a connector is in a state; who looks sees how it stands meanwhile. */
import { isRetriable, SluiceError } from '@sluice/sdk'
import type { ConnectClient, ConnectorStatusShown } from '@sluice/worker/client'
import type { Options, Terminal, Values } from '../command-line/declaration.ts'
import { ProgressLine } from './progress-line.ts'

export const WAITED_STATES = ['RUNNING', 'PAUSED', 'STOPPED', 'FAILED', 'DELETED'] as const

export const waitOptions = {
  wait: {
    type: 'text',
    value: 'STATE',
    isValueOptional: true,
    choices: WAITED_STATES,
    documentation:
      'Come back when connector and tasks are in this state; without one, in the state that the command leads to',
  },
} as const satisfies Options

export type WaitValues = Values<typeof waitOptions>

/** Whom to ask, for how long, and whom to tell: what a command was given, with its client. */
export interface Wait {
  readonly client: ConnectClient
  readonly terminal: Terminal
  readonly signal: AbortSignal
  readonly values: { readonly timeout: number; readonly quiet: boolean }
}

const LOOK_MS = 500
/** What is FAILED right after a restart may be the state from before. */
const FAILED_FOR_MS = 5000
/** So may be what RUNS right after new settings or a restart: it must have been seen otherwise, or go on for so long. */
const STEADY_FOR_MS = 2000

/**
 * What `--wait` asks for: nothing, a state, or the one that the command leads to. Resolves to the state that was waited for.
 * @throws as `waitFor`
 */
export async function waitAsAsked(
  name: string,
  leadsTo: string,
  wait: Wait & { readonly values: WaitValues },
): Promise<string | undefined> {
  const { wait: asked } = wait.values
  if (asked === undefined) return undefined
  const state = asked || leadsTo
  await waitFor(name, state, wait)
  return state
}

/** @throws SluiceError WAIT_TIMED_OUT; TASK_FAILED when it stays FAILED; as of ConnectClient */
export async function waitFor(name: string, state: string, wait: Wait): Promise<void> {
  const { terminal, signal } = wait
  const { timeout: timeoutMs, quiet } = wait.values
  const { clock } = terminal
  const line = new ProgressLine(terminal, quiet)
  const begun = clock.monotonic()
  let failedSince: number | undefined
  let wasOtherwise = state !== 'RUNNING'
  let seen = 'nothing is known of it'
  try {
    while (!signal.aborted) {
      const status = await lookAt(name, wait)
      if (status instanceof SluiceError) seen = status.message
      else {
        const isThere = isIn(status, state)
        if (isThere && (wasOtherwise || clock.monotonic() - begun >= STEADY_FOR_MS)) return
        wasOtherwise ||= !isThere
        seen = status === undefined ? 'there is no such connector' : told(status)
        failedSince = status !== undefined && isIn(status, 'FAILED') ? (failedSince ?? clock.monotonic()) : undefined
        if (status !== undefined && failedSince !== undefined && clock.monotonic() - failedSince >= FAILED_FOR_MS)
          throw failed(name, status)
      }
      const waitedMs = clock.monotonic() - begun
      if (waitedMs >= timeoutMs) {
        throw new SluiceError('WAIT_TIMED_OUT', `${name} is not ${state} after ${timeoutMs} ms: ${seen}`, {
          remedy: `sluice describe connector ${name} says more; --timeout gives it longer.`,
        })
      }
      line.show(`${name}: ${seen} (waiting for ${state}, ${Math.floor(waitedMs / 1000)} s)`)
      await clock.sleep(Math.min(LOOK_MS, timeoutMs - waitedMs), signal)
    }
  } finally {
    line.clear()
  }
  throw new SluiceError('INTERRUPTED', `Stopped waiting for ${name} to be ${state}: ${seen}`)
}

/** Undefined: it is not there. A worker that is away, as while it is restarted, may come back. */
async function lookAt(name: string, { client, signal }: Wait): Promise<ConnectorStatusShown | undefined | SluiceError> {
  try {
    return await client.call('connectorStatus', { path: { connector: name } }, signal)
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    if (error.code === 'CONNECT_UNKNOWN') return undefined
    if (isRetriable(error)) return error
    throw error
  }
}

export function isIn(status: ConnectorStatusShown | undefined, state: string): boolean {
  if (status === undefined) return state === 'DELETED'
  const { connector, tasks } = status
  if (state === 'FAILED') return connector.state === 'FAILED' || tasks.some((task) => task.state === 'FAILED')
  if (state === 'STOPPED') return connector.state === 'STOPPED' && tasks.length === 0
  if (state === 'PAUSED') return connector.state === 'PAUSED' && tasks.every((task) => task.state === 'PAUSED')
  return connector.state === state && tasks.length > 0 && tasks.every((task) => task.state === state)
}

/** `RUNNING, 1 of 3 tasks RUNNING, 2 FAILED` */
export function told({ connector, tasks }: ConnectorStatusShown): string {
  const counts = new Map<string, number>()
  for (const { state } of tasks) counts.set(state, (counts.get(state) ?? 0) + 1)
  const parts = [...counts].map(([state, count]) => `${count} ${state}`)
  return `${connector.state}, ${tasks.length === 0 ? 'no tasks' : `tasks: ${parts.join(', ')}`}`
}

function failed(name: string, { connector, tasks }: ConnectorStatusShown): SluiceError {
  const trace = connector.trace ?? tasks.find((task) => task.trace !== undefined)?.trace
  const [reason] = (trace ?? '').split('\n')
  return new SluiceError('TASK_FAILED', `${name} has failed${reason === '' ? '' : `: ${reason}`}`, {
    remedy: `sluice describe connector ${name} shows the trace; when the cause is gone, sluice restart ${name} --include-tasks --only-failed.`,
  })
}
