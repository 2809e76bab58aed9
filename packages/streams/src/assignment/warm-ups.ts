/**
 * Who runs a task until the one that is to run it has its state (KIP-441): a member that has it already, while the other one warms up.
 */
import type { Task, TaskMember, TaskShare } from './assign-tasks.ts'
import { nameOfTask, type TaskId } from './task-id.ts'

export interface Recovery {
  /** By a task's name: where its changelogs end, all together. */
  readonly ends: ReadonlyMap<string, number>
  /** `acceptable.recovery.lag`: who lacks no more than so many records of a task's changelogs may run it at once. */
  readonly acceptableLag: number
  /** `max.warmup.replicas`: how many copies may be made at a time for tasks that are to move. */
  readonly warmUpsMax: number
}

export interface WarmShares {
  readonly shares: ReadonlyMap<string, TaskShare>
  /** The members that warm up. */
  readonly warming: ReadonlySet<string>
  /** Whether some task is not where it is to be. */
  readonly isUnderWay: boolean
}

/**
 * Puts tasks whose state is not where they are to run to where it is; the standby copies of `shares` that would be beside it make room.
 * A task that nobody has the state of stays: somebody has to restore it.
 */
export function withWarmUps(
  shares: ReadonlyMap<string, TaskShare>,
  members: readonly TaskMember[],
  tasks: readonly Task[],
  { ends, acceptableLag, warmUpsMax }: Recovery,
): WarmShares {
  const active = new Map<string, TaskId[]>(Array.from(shares, ([id, share]) => [id, [...share.active]]))
  const standby = new Map<string, TaskId[]>(Array.from(shares, ([id, share]) => [id, [...share.standby]]))
  const processOf = new Map(members.map(({ memberId, processId }) => [memberId, processId]))
  const warming = new Set<string>()
  let warmUps = 0
  let isUnderWay = false
  for (const task of tasks) {
    if (!task.isStateful) continue
    const name = nameOfTask(task)
    const lagOf = ({ running, held }: TaskMember): number =>
      running.has(name) ? 0 : Math.max(0, (ends.get(name) ?? 0) - (held.get(name) ?? 0))
    const isWarm = (member: TaskMember): boolean => lagOf(member) <= acceptableLag
    const target = members.find(({ memberId }) => has(active, memberId, name))
    if (target === undefined || isWarm(target)) continue
    const warm = members.filter(isWarm)
    if (warm.length === 0) continue
    const keeper =
      warm.find(({ running }) => running.has(name)) ??
      warm.reduce((a, b) => (active.get(a.memberId)!.length <= active.get(b.memberId)!.length ? a : b))
    isUnderWay = true
    const id = take(active, target.memberId, name)
    active.get(keeper.memberId)!.push(id)
    // Nobody keeps a copy beside what its own process runs.
    for (const member of members)
      if (processOf.get(member.memberId) === keeper.processId && has(standby, member.memberId, name))
        take(standby, member.memberId, name)
    if (has(standby, target.memberId, name) || target.processId === keeper.processId) continue
    if (warmUps === warmUpsMax) continue
    warmUps++
    standby.get(target.memberId)!.push(id)
    warming.add(target.memberId)
  }
  return {
    shares: new Map(members.map(({ memberId: id }) => [id, { active: active.get(id)!, standby: standby.get(id)! }])),
    warming,
    isUnderWay,
  }
}

function has(tasks: ReadonlyMap<string, readonly TaskId[]>, memberId: string, name: string): boolean {
  return tasks.get(memberId)!.some((task) => nameOfTask(task) === name)
}

function take(tasks: ReadonlyMap<string, TaskId[]>, memberId: string, name: string): TaskId {
  const all = tasks.get(memberId)!
  return all.splice(
    all.findIndex((task) => nameOfTask(task) === name),
    1,
  )[0]!
}
