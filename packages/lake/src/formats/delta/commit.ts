/**
 * The optimistic commit (PROTOCOL.md, "Writing Tables"): write the next version if nobody else did; if somebody did, look at
 * what they wrote, decide again, and take the version after.
 *
 * An answer can be lost after the write took place, and a store that retries by itself can then meet its own object and call
 * it foreign. So `exists` and errors are both read as "perhaps": the commit that holds the version is read, and its txnId says
 * whose it is. The id belongs to the plan, not to the attempt: a plan may be committed again minutes later, and finds itself.
 */
import { SluiceError, isRetriable } from '@sluice/sdk'
import type { Clock, Random } from '@sluice/sdk'
import { checkWanted } from '@sluice/object-store'
import { parseActions, writeActions } from './actions.ts'
import type { JsonObject } from './exact-json.ts'
import type { DeltaLog } from './log.ts'
import type { DeltaSnapshot, Snapshot } from './snapshot.ts'

export interface CommitPlan {
  /** Unique to this plan; kept over all attempts. */
  readonly txnId: string
  /** What the first line says besides the id: operation, offsets, … */
  readonly info: JsonObject
  /**
   * What to write on top of this state of the table; undefined when nothing is left to do. Asked before every attempt, so
   * that what others committed meanwhile is seen; throws when it contradicts the plan.
   */
  actions(snapshot: DeltaSnapshot): readonly JsonObject[] | undefined
}

export interface CommitPorts {
  readonly clock: Clock
  readonly random: Random
  /** What `commitInfo.engineInfo` says. */
  readonly engineInfo: string
}

/** As many as delta-rs makes. */
const RETRIES_MAX = 15
/** A lost race is somebody's progress: try soon. A store that fails needs time. */
const PAUSE_AFTER_RACE_MAX_MS = 100
const PAUSE_AFTER_FAILURE_MAX_MS = 1000

/**
 * Commits the plan and brings the snapshot to at least that version. Not to be called twice at a time on one snapshot.
 * @returns the version that holds the plan's actions; the snapshot's own when there was nothing to do
 * @throws what `plan.actions` throws; SluiceError TABLE_CONFLICT, retriable, after losing every race; what the store throws
 *   when the outcome could not be learned, retriable: calling again with the same plan is safe
 */
export async function commit(
  log: DeltaLog,
  snapshot: Snapshot,
  plan: CommitPlan,
  ports: CommitPorts,
  signal?: AbortSignal,
): Promise<number> {
  let failure: unknown
  for (let attempt = 0; attempt <= RETRIES_MAX; attempt++) {
    if (attempt > 0) {
      await pause(attempt, failure !== undefined, ports, signal)
      // Others went on meanwhile: an attempt at a version that is taken would be lost before it began.
      failure = await catchUp(log, snapshot, signal)
    }
    if (failure === undefined) {
      const earlier = snapshot.versionOfCommit(plan.txnId)
      if (earlier !== undefined) return earlier
      const actions = plan.actions(snapshot)
      if (actions === undefined) return snapshot.version
      failure = await attemptOnce(log, snapshot, [commitInfo(plan, ports), ...actions], signal)
      const own = snapshot.versionOfCommit(plan.txnId)
      if (own !== undefined) return own
    }
    if (failure !== undefined && !isRetriable(failure)) throw failure
  }
  if (failure !== undefined) throw failure
  throw new SluiceError(
    'TABLE_CONFLICT',
    `Other writers were first ${RETRIES_MAX + 1} times in a row, up to version ${snapshot.version}`,
    {
      retriable: true,
      remedy: 'Let fewer tasks write to this table, or let each commit less often (rotate.interval.ms).',
    },
  )
}

/** One try at the next version; afterwards the snapshot knows all that could be learned. @returns what failed, if anything */
async function attemptOnce(
  log: DeltaLog,
  snapshot: Snapshot,
  actions: readonly JsonObject[],
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const version = snapshot.version + 1
  const bytes = writeActions(actions)
  let failure: unknown
  try {
    if ((await log.create(version, bytes, signal)) === 'created') {
      snapshot.apply(version, parseActions(new TextDecoder().decode(bytes), log.pathOf(version)))
      return undefined
    }
  } catch (error) {
    failure = error
  }
  const unread = await catchUp(log, snapshot, signal)
  return failure ?? unread
}

/** Reads what others committed, version by version. @returns what failed, if anything */
async function catchUp(log: DeltaLog, snapshot: Snapshot, signal: AbortSignal | undefined): Promise<unknown> {
  try {
    for (;;) {
      const next = await log.read(snapshot.version + 1, signal)
      if (next === undefined) return undefined
      snapshot.apply(snapshot.version + 1, next)
    }
  } catch (error) {
    return error
  }
}

function commitInfo({ txnId, info }: CommitPlan, { clock, engineInfo }: CommitPorts): JsonObject {
  return { commitInfo: { timestamp: Math.trunc(clock.now()), ...info, engineInfo, txnId } }
}

/** Grows with each attempt, and is random so that racing writers fall out of step. */
async function pause(
  attempt: number,
  failed: boolean,
  { clock, random }: CommitPorts,
  signal: AbortSignal | undefined,
): Promise<void> {
  const longest = failed ? PAUSE_AFTER_FAILURE_MAX_MS : PAUSE_AFTER_RACE_MAX_MS
  await clock.sleep(random.next() * Math.min(longest, 5 * 2 ** attempt), signal)
  checkWanted({ signal }, 'The commit, whose outcome may be unknown,')
}
