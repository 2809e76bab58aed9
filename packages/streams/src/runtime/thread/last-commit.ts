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
