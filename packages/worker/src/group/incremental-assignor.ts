/**
 * Shares work out so that nobody stops what it keeps (KIP-415): the decisions of Java's IncrementalCooperativeAssignor 4.3.1, as a function.
 * Only the leader decides, and everybody else does as told, so what is better here than there (the spread of a connector's tasks) holds in
 * groups with Java workers too, whenever a worker of ours leads.
 *
 * What a worker held that has gone is kept back until it returns, `scheduled.rebalance.max.delay.ms` at most. That holds also for one that
 * left in order: a LeaveGroup takes the member out of the group before the leader hears of anything, and the leader is told only who is there
 * now. A worker could announce its departure in one more join (Java passes over bytes that follow its metadata), but at the price of a
 * rebalance before every departure; and it would undo what the delay is for besides crashes: in a rolling restart each worker finds its own
 * work again and nobody else's stops. Who would rather not wait sets a shorter delay.
 */
import type { Work } from './work-assignment.ts'
import {
  type WorkItem,
  type WorkSet,
  both,
  compareTexts,
  itemsOf,
  keyOf,
  setOf,
  union,
  without,
  workOf,
} from './work-set.ts'
import { WorkerLoad, excess, giveOut } from './worker-loads.ts'

const BACKOFF_FIRST_MS = 1
const BACKOFF_FACTOR = 40

const NOTHING: WorkSet = new Map()

/** What the leader remembers from one rebalance to the next. */
export interface IncrementalState {
  /** What was to run after the last assignment, lost work included, revoked work not. */
  readonly previous: WorkSet
  readonly revoked: WorkSet
  /** The one that the last assignment was made for; -1: none yet. */
  readonly generation: number
  readonly members: readonly string[]
  /** When lost work is given out, or balancing goes on; null: nothing waits. */
  readonly dueAt: number | null
  /** Members that were seen empty since then: whoever lost the work may have come back as one of them. */
  readonly candidates: readonly string[]
  /** The last round that was free to do so revoked for balance. */
  readonly hasRevoked: boolean
  /** How often a revoking round came right after another since the group was balanced. */
  readonly revokingRounds: number
}

export const INITIAL_STATE: IncrementalState = {
  previous: NOTHING,
  revoked: NOTHING,
  generation: -1,
  members: [],
  dueAt: null,
  candidates: [],
  hasRevoked: false,
  revokingRounds: 0,
}

/** One rebalance, as the leader sees it. */
export interface Round {
  /** All that should run. */
  readonly configured: Work
  /** What each member says that it holds. */
  readonly members: ReadonlyMap<string, Work>
  readonly generation: number
  /** The last that this leader has seen completed; -1: none. If another one than it assigned last, its memory is of no use. */
  readonly completedGeneration: number
  /** Milliseconds of any clock that does not go back. */
  readonly now: number
  /** `scheduled.rebalance.max.delay.ms`. */
  readonly delayMaxMs: number
}

/** What one member is told. */
export interface MemberShare {
  readonly assigned: Work
  readonly revoked: Work
}

export interface RoundOutcome {
  readonly state: IncrementalState
  readonly shares: ReadonlyMap<string, MemberShare>
  /** What each member has when it has done as told. */
  readonly holdings: ReadonlyMap<string, Work>
  /** After which all join again; 0: not. */
  readonly delayMs: number
}

/** What is waited for, as the steps of a round change it. */
type Waiting = Pick<IncrementalState, 'dueAt' | 'candidates' | 'hasRevoked' | 'revokingRounds'> & {
  readonly delayMs: number
}

export function assignIncrementally(before: IncrementalState, round: Round): RoundOutcome {
  const members = [...round.members].toSorted(([a], [b]) => compareTexts(a, b))
  const held = new Map(members.map(([memberId, work]) => [memberId, setOf(itemsOf(work))]))
  const configured = setOf(itemsOf(round.configured))
  const active = union(...held.values())
  const previous = trusted(before, round, active)

  const deleted = without(previous, configured)
  const lost = without(previous, active, deleted)
  const created = without(configured, previous, active)
  const stopped = union(deleted, heldTwice([...held.values()]))
  const loads = members.map(([memberId]) => new WorkerLoad(memberId, without(held.get(memberId)!, stopped).values()))
  const revoked = new Map<string, Map<string, WorkItem>>()
  for (const [memberId, items] of held) revoked.set(memberId, both(items, stopped))

  const returned = returnLost(before, round, lost, loads)
  const { excessive, waiting } = balance(returned.waiting, round, configured, loads)
  for (const load of loads) {
    const taken = setOf(excessive.get(load.memberId) ?? [])
    load.remove(taken)
    for (const [key, item] of taken) revoked.get(load.memberId)!.set(key, item)
  }
  giveOut([...created.values(), ...returned.asNew.values()], loads)

  const next = union(...loads.map((load) => setOf(load.items())))
  const { delayMs, ...remembered } = waiting
  return {
    state: {
      ...remembered,
      previous: union(next, lost),
      revoked: union(...revoked.values()),
      generation: round.generation,
      members: members.map(([memberId]) => memberId),
    },
    shares: new Map(
      loads.map((load) => {
        const assigned = load.items().filter((item) => !held.get(load.memberId)!.has(keyOf(item)))
        return [
          load.memberId,
          { assigned: workOf(assigned), revoked: workOf([...revoked.get(load.memberId)!.values()]) },
        ]
      }),
    ),
    holdings: new Map(loads.map((load) => [load.memberId, workOf(load.items())])),
    delayMs,
  }
}

/** What was to run, as far as the leader's memory is worth anything. */
function trusted({ previous, revoked, generation }: IncrementalState, round: Round, active: WorkSet): WorkSet {
  // Somebody still has what was to be given up: the last assignment did not arrive.
  if (both(revoked, active).size > 0) return active
  return generation === round.completedGeneration ? previous : NOTHING
}

function heldTwice(held: readonly WorkSet[]): WorkSet {
  const once = new Set<string>()
  const twice = new Map<string, WorkItem>()
  for (const items of held)
    items.forEach((item, key) => {
      if (once.has(key)) twice.set(key, item)
      once.add(key)
    })
  return twice
}

interface Returned {
  /** Lost work to be given out like new work. What goes to candidates is in their loads already. */
  readonly asNew: WorkSet
  readonly waiting: Waiting
}

/** Decides whether lost work is kept back for whoever lost it. */
function returnLost(before: IncrementalState, round: Round, lost: WorkSet, loads: readonly WorkerLoad[]): Returned {
  const { dueAt, candidates, hasRevoked, revokingRounds } = before
  const { now, delayMaxMs } = round
  const over: Waiting = { dueAt: null, candidates: [], hasRevoked, revokingRounds, delayMs: 0 }
  // Java begins to wait here, for nothing, if a worker went empty-handed right after work was revoked for it.
  if (lost.size === 0 && (!hasRevoked || dueAt === null)) return { asNew: NOTHING, waiting: over }
  const isNobodyMissing = before.members.every((memberId) => round.members.has(memberId))
  if ((dueAt === null && isNobodyMissing) || delayMaxMs === 0) return { asNew: lost, waiting: { ...over, candidates } }
  if (dueAt !== null && now >= dueAt) {
    const takers = loads.filter(({ memberId }) => candidates.includes(memberId))
    if (takers.length > 0) giveOut(lost.values(), takers)
    return { asNew: takers.length > 0 ? NOTHING : lost, waiting: { ...over, hasRevoked: false } }
  }
  const empty = loads.filter(({ isEmpty }) => isEmpty).map(({ memberId }) => memberId)
  const delayMs = dueAt === null ? delayMaxMs : Math.min(dueAt - now, delayMaxMs)
  const seen = [...new Set([...candidates, ...empty])]
  return { asNew: NOTHING, waiting: { dueAt: now + delayMs, candidates: seen, hasRevoked, revokingRounds, delayMs } }
}

interface Balanced {
  readonly excessive: ReadonlyMap<string, readonly WorkItem[]>
  readonly waiting: Waiting
}

/** Takes from those who have too much, unless something is waited for, or the last round did so and it did not help (KAFKA-12495). */
function balance(waiting: Waiting, round: Round, configured: WorkSet, loads: readonly WorkerLoad[]): Balanced {
  const nothing = new Map<string, readonly WorkItem[]>()
  if (waiting.delayMs > 0) return { excessive: nothing, waiting: { ...waiting, hasRevoked: false } }
  const excessive = tooMuch(configured, loads)
  if (excessive.size === 0) {
    const { hasRevoked, revokingRounds } = waiting
    return { excessive, waiting: { ...waiting, hasRevoked: false, revokingRounds: hasRevoked ? 0 : revokingRounds } }
  }
  if (!waiting.hasRevoked) return { excessive, waiting: { ...waiting, hasRevoked: true } }
  const revokingRounds = waiting.revokingRounds + 1
  const delayMs = Math.min(BACKOFF_FIRST_MS * BACKOFF_FACTOR ** revokingRounds, round.delayMaxMs)
  if (delayMs === 0) return { excessive, waiting: { ...waiting, revokingRounds } }
  return { excessive: nothing, waiting: { ...waiting, revokingRounds, delayMs, dueAt: round.now + delayMs } }
}

function tooMuch(configured: WorkSet, loads: readonly WorkerLoad[]): ReadonlyMap<string, readonly WorkItem[]> {
  const { connectors, tasks } = workOf([...configured.values()])
  if (configured.size === 0 || loads.every(({ isEmpty }) => isEmpty)) return new Map()
  const taken = new Map(excess('connectors', connectors.length, loads))
  for (const [memberId, items] of excess('tasks', tasks.length, loads)) {
    taken.set(memberId, [...(taken.get(memberId) ?? []), ...items])
  }
  return taken
}
