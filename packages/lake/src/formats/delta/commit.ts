/**
 * The optimistic commit (PROTOCOL.md, "Writing Tables"): write the next version if nobody else did; if somebody did, look at
 * what they wrote, decide again, and take the version after.
 *
 * An answer can be lost after the write took place, and a store that retries by itself can then meet its own object and call
 * it foreign. So `exists` and errors are both read as "perhaps": the commit that holds the version is read, and its txnId says
 * whose it is. The id belongs to the plan, not to the attempt: a plan may be committed again minutes later, and finds itself.
 */
import { SluiceError, isRetriable } from '@sluice/sdk'
import type { Clock, Counter, Random } from '@sluice/sdk'
import { checkWanted } from '@sluice/object-store'
import { parseActions, writeActions } from './actions.ts'
import type { Action } from './actions.ts'
import { conflictOf } from './conflicts.ts'
import type { CommitScope, Conflict } from './conflicts.ts'
import type { JsonObject } from './exact-json.ts'
import type { DeltaLog } from './log.ts'
import type { DeltaSnapshot, Snapshot } from './snapshot.ts'

export interface CommitPlan {
  /** Unique to this plan; kept over all attempts. */
  readonly txnId: string
  /** Other ids under which what the plan does may be done already. */
  readonly earlierIds?: readonly string[]
  /** What the first line says besides the id: operation, offsets, … */
  readonly info: JsonObject
  /** What it rests on: each commit that won against it is held against this. */
  readonly scope: CommitScope
  /** The version of the table on which it was decided; absent: the one known when `commit` is called. */
  readonly readVersion?: number
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
  /** Counts the versions that somebody else wrote first. */
  readonly conflicts?: Pick<Counter, 'add'>
}

/** As many as delta-rs makes. */
const RETRIES_MAX = 15
/** A lost race is somebody's progress: try soon. A store that fails needs time. */
const PAUSE_AFTER_RACE_MAX_MS = 400
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
  const known = new Map<number, readonly Action[]>()
  let checked = plan.readVersion ?? snapshot.version
  let failure: unknown
  for (let attempt = 0; attempt <= RETRIES_MAX; attempt++) {
    if (attempt > 0) {
      await pause(attempt, failure !== undefined, ports, signal)
      // Others went on meanwhile: an attempt at a version that is taken would be lost before it began.
      failure = await catchUp(log, snapshot, known, signal)
    }
    if (failure === undefined) {
      const earlier = versionOf(plan, snapshot)
      if (earlier !== undefined) return earlier
      const actions = plan.actions(snapshot)
      if (actions === undefined) return snapshot.version
      // Every winner, before every attempt: who won the race before last is as much of a rival as the last one.
      for (; checked < snapshot.version; checked++)
        refuseConflict(plan.scope, await winnerOf(log, checked + 1, known, signal), checked + 1)
      failure = await attemptOnce(log, snapshot, [commitInfo(plan, ports), ...actions], known, signal)
      const own = versionOf(plan, snapshot)
      if (own !== undefined) return own
      if (failure === undefined) ports.conflicts?.add(1)
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

function versionOf({ txnId, earlierIds = [] }: CommitPlan, snapshot: DeltaSnapshot): number | undefined {
  for (const id of [txnId, ...earlierIds]) {
    const version = snapshot.versionOfCommit(id)
    if (version !== undefined) return version
  }
  return undefined
}

async function winnerOf(
  log: DeltaLog,
  version: number,
  known: ReadonlyMap<number, readonly Action[]>,
  signal: AbortSignal | undefined,
): Promise<readonly Action[]> {
  const actions = known.get(version) ?? (await log.read(version, signal))
  if (actions !== undefined) return actions
  throw new SluiceError('TABLE_CONFLICT', `What version ${version} of ${log.folder} changed is no longer known`, {
    retriable: true,
    remedy: 'Decide anew on the newest version of the table.',
  })
}

function refuseConflict(scope: CommitScope, winner: readonly Action[], version: number): void {
  const conflict = conflictOf(scope, winner)
  if (conflict === undefined) return
  const by = winner.find((action) => 'commitInfo' in action)?.commitInfo.operation ?? 'a commit'
  const said = `${by} in version ${version} ${DID[conflict.rule]} ${conflict.what}`.trimEnd()
  if (conflict.rule === 'transaction')
    throw new SluiceError('TABLE_FENCED', `Another writer has this partition: ${said}; this one must stop`, {
      remedy: 'Restart the task: it goes on from what the table holds.',
    })
  throw new SluiceError('TABLE_CONFLICT', `The commit was decided on a table that has changed: ${said}`, {
    retriable: true,
    remedy: 'Decide anew on the newest version of the table.',
  })
}

const DID: Readonly<Record<Conflict['rule'], string>> = {
  protocol: 'changed the protocol',
  metadata: 'changed the metadata',
  'concurrent append': 'added the file',
  'delete-read': 'removed a file that was read,',
  'delete-delete': 'removed the same file,',
  transaction: 'moved',
  domain: 'configured the domain',
}

/** One try at the next version; afterwards the snapshot knows all that could be learned. @returns what failed, if anything */
async function attemptOnce(
  log: DeltaLog,
  snapshot: Snapshot,
  actions: readonly JsonObject[],
  known: Map<number, readonly Action[]>,
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
  const unread = await catchUp(log, snapshot, known, signal)
  return failure ?? unread
}

/** Reads what others committed, version by version. @returns what failed, if anything */
async function catchUp(
  log: DeltaLog,
  snapshot: Snapshot,
  known: Map<number, readonly Action[]>,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  try {
    for (;;) {
      const version = snapshot.version + 1
      const next = await log.read(version, signal)
      if (next === undefined) return undefined
      snapshot.apply(version, next)
      known.set(version, next)
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
