import type { Clock } from '@sluice/sdk'
import { isForNow } from './commit-failures.ts'
import { isDoneIn } from './in-time.ts'

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
export function commitLast({ commit, applyChanges, isBroken, timeoutMs, clock }: LastCommitParts): Promise<boolean> {
  return isDoneIn(timeoutMs, clock, async (over) => {
    for (;;) {
      try {
        return await commit()
      } catch (error) {
        // While the group rebalances nothing can be committed: what it asks for is done first.
        if (!isForNow(error) || over.aborted || isBroken()) throw error
        await applyChanges()
        await clock.sleep(RETRY_MS, over)
      }
    }
  })
}
