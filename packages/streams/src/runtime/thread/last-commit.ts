import type { Clock } from '@sluice/sdk'
import { isForNow } from './commit-failures.ts'

/** Between two tries. */
const RETRY_MS = 100

interface LastCommitParts {
  readonly commit: () => Promise<void>
  /** What the group asks for. */
  readonly applyChanges: () => Promise<void>
  /** Whether nothing can be written any more. */
  readonly isBroken: () => boolean
  readonly timeoutMs: number
  readonly clock: Clock
}

/** The commit of a thread that stops. False: the time was up before all was durable. @throws what the commit throws for good */
export async function commitLast({
  commit,
  applyChanges,
  isBroken,
  timeoutMs,
  clock,
}: LastCommitParts): Promise<boolean> {
  const over = new AbortController()
  const late = clock.sleep(timeoutMs, over.signal).then(() => false)
  const settled = async (): Promise<boolean> => {
    for (;;) {
      try {
        await commit()
        return true
      } catch (error) {
        // While the group rebalances nothing can be committed: what it asks for is done first.
        if (!isForNow(error) || over.signal.aborted || isBroken()) throw error
        await applyChanges()
        await clock.sleep(RETRY_MS, over.signal)
      }
    }
  }
  try {
    return await Promise.race([settled(), late])
  } finally {
    over.abort(null)
  }
}

/** Whether a commit, which never rejects, has ended before a signal is aborted. */
export async function isOverBefore(signal: AbortSignal, commit: Promise<void> | null): Promise<boolean> {
  if (commit === null) return true
  const aborted = Promise.withResolvers<boolean>()
  const onAbort = (): void => aborted.resolve(false)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([commit.then(() => true), aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** The same before a time is up. */
export async function isOverIn(commit: Promise<void> | null, timeoutMs: number, clock: Clock): Promise<boolean> {
  if (commit === null) return true
  const over = new AbortController()
  try {
    return await Promise.race([commit.then(() => true), clock.sleep(timeoutMs, over.signal).then(() => false)])
  } finally {
    over.abort(null)
  }
}
