/**
 * Who runs what: a pure function of what the members say. Even (members differ by at most one task, and by at most one of those with
 * state), and sticky: a task stays where it runs as long as that is even, or goes where most of its state is.
 */
import { compareTasks, nameOfTask, type TaskId } from './task-id.ts'

/** A task to be run by somebody. */
export interface Task extends TaskId {
  /** Whether it has stores with a changelog: then it can have standbys, and likes to stay. */
  readonly isStateful: boolean
}

export interface TaskMember {
  readonly memberId: string
  /** Members of one process share its state directory: one of them is enough for a standby. */
  readonly processId: string
  /** Tasks that it runs now, by name. */
  readonly running: ReadonlySet<string>
  /** By a task's name: how much of its state is here, in records of its changelogs. */
  readonly held: ReadonlyMap<string, number>
}

export interface TaskShare {
  readonly active: readonly TaskId[]
  readonly standby: readonly TaskId[]
}

/** By member id. `standbys`: copies of the state of each task that has any (`num.standby.replicas`), as far as there are processes. */
export function assignTasks(
  members: readonly TaskMember[],
  tasks: readonly Task[],
  standbys: number,
): ReadonlyMap<string, TaskShare> {
  const loads = members
    .map((member): Load => ({ member, active: [], standby: [] }))
    .toSorted((a, b) => (a.member.memberId < b.member.memberId ? -1 : 1))
  if (loads.length === 0) return new Map()
  const [stateless = [], stateful = []] = [false, true].map((isStateful) =>
    tasks.filter((task) => task.isStateful === isStateful).toSorted(compareTasks),
  )
  // Those with state first, so that they are even by themselves.
  shareOut(stateful, loads)
  shareOut(stateless, loads)
  for (const task of stateful) placeStandbys(task, loads, standbys)
  return new Map(loads.map(({ member, active, standby }) => [member.memberId, { active, standby }]))
}

interface Load {
  readonly member: TaskMember
  readonly active: TaskId[]
  readonly standby: TaskId[]
}

/**
 * First every task that may stay does; then the others, each to the member with most of its state among those that have room. Room is
 * up to the even share of all tasks so far, and one more for as many as the remainder.
 */
function shareOut(tasks: readonly Task[], loads: readonly Load[]): void {
  const total = tasks.length + loads.reduce((sum, { active }) => sum + active.length, 0)
  const share = Math.floor(total / loads.length)
  let larger = total - share * loads.length - loads.filter(({ active }) => active.length > share).length
  const hasRoom = ({ active }: Load): boolean => active.length < share || (active.length === share && larger > 0)
  const give = ({ subtopology, partition }: Task, load: Load): void => {
    if (load.active.length === share) larger--
    load.active.push({ subtopology, partition })
  }
  const moving = tasks.filter((task) => {
    const owner = loads.find(({ member }) => member.running.has(nameOfTask(task)))
    if (owner === undefined || !hasRoom(owner)) return true
    give(task, owner)
    return false
  })
  for (const task of moving) {
    const free = loads.filter(hasRoom)
    give(
      task,
      mostOf(nameOfTask(task), free, ({ active }) => active.length),
    )
  }
}

/** The one with most of the task's state; among equals the one that has least to do. */
function mostOf(task: string, loads: readonly Load[], loadOf: (load: Load) => number): Load {
  const heldBy = ({ member }: Load): number => member.held.get(task) ?? -1
  return loads.reduce((a, b) => {
    const more = heldBy(a) - heldBy(b) || loadOf(b) - loadOf(a)
    return more >= 0 ? a : b
  })
}

/** Never in the process of the active task, nor twice in one; where most of the state is already, then where least is to do. */
function placeStandbys(task: Task, loads: readonly Load[], standbys: number): void {
  const name = nameOfTask(task)
  const id: TaskId = { subtopology: task.subtopology, partition: task.partition }
  const owner = loads.find(({ active }) => active.some((one) => nameOfTask(one) === name))!
  const taken = new Set([owner.member.processId])
  for (let i = 0; i < standbys; i++) {
    const free = loads.filter(({ member }) => !taken.has(member.processId))
    if (free.length === 0) return
    const best = mostOf(name, free, ({ standby }) => standby.length)
    best.standby.push(id)
    taken.add(best.member.processId)
  }
}
