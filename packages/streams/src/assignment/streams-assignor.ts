import type { Assignments, PartitionAssignment, PartitionAssignor, Subscription } from '@sluice/kafka'
import type { TopicPartition } from '@sluice/sdk'
import type { Topology } from '../topology/topology.ts'
import { assignTasks, type Task, type TaskMember, type TaskShare } from './assign-tasks.ts'
import { type AssignmentInfo, decodeAssignmentInfo, encodeAssignmentInfo, NEVER } from './assignment-info.ts'
import { decodeSubscriptionInfo, encodeSubscriptionInfo, HELD, type SubscriptionInfo } from './subscription-info.ts'
import { nameOfTask, type TaskId } from './task-id.ts'
import { withWarmUps, type Recovery } from './warm-ups.ts'

/** Kafka Streams' `AssignorError`: source topics do not exist. */
const INCOMPLETE_SOURCE_TOPICS = 1

/** Kafka Streams' `AssignorError`: a member has asked that all stop. */
export const SHUTDOWN_REQUESTED = 4

export interface StreamsAssignorParts {
  readonly topology: Topology
  /** Stays with the state directory: a UUID. */
  readonly processId: string
  /** `application.server`: where this process can be asked for its state; null: nowhere. */
  readonly userEndPoint: string | null
  /** `num.standby.replicas` */
  readonly standbys: number
  /** The tasks whose state is here, with how many changelog records of it; those that run are known from the partitions. */
  readonly held: () => readonly (TaskId & { readonly offsetSum: number })[]
  /** What this member is to do beside reading its partitions. */
  readonly onAssignment: (info: AssignmentInfo) => void
  /** Another member reads a topic that this one does not know, as one that a pattern has matched since. */
  readonly onUnknownTopic?: () => void
  /** Counts how often the same is told anew, modulo 128. Default: 0. */
  readonly uniqueField?: () => number
  /** Absent: a task goes where it is to run at once, whether its state is there or not. */
  readonly recovery?: RecoveryParts
  /** What this member has to tell: `SHUTDOWN_REQUESTED`. Default: nothing. */
  readonly errorCode?: number
}

export interface RecoveryParts extends Omit<Recovery, 'ends'> {
  /** Where the changelogs of each task end, all together, by the task's name. Asked for on the group's leader alone. */
  ends(tasks: readonly Task[]): Promise<ReadonlyMap<string, number>>
  /** When to see again whether a state has been warmed up, in milliseconds since the epoch. */
  nextRebalanceMs(): number
}

/**
 * Kafka Streams' assignor (protocol `stream`, cooperative): shares out tasks, each with the same partition of all topics that its
 * sub-topology reads. A task that moves is assigned to nobody until its owner has given it up and joined again.
 */
export function streamsAssignor(parts: StreamsAssignorParts): PartitionAssignor {
  const { topology } = parts
  const topics = new Set(topology.subtopologies.flatMap(({ sourceTopics }) => sourceTopics))
  return {
    name: 'stream',
    isCooperative: true,
    userData({ ownedPartitions }) {
      const running = tasksOf(topology, ownedPartitions)
      const names = new Set(running.map(nameOfTask))
      const stored = parts.held().filter((task) => !names.has(nameOfTask(task)))
      return encodeSubscriptionInfo({
        processId: parts.processId,
        userEndPoint: parts.userEndPoint,
        tasks: [...running.map((task) => ({ ...task, offsetSum: HELD.running })), ...stored],
        uniqueField: parts.uniqueField?.() ?? 0,
        errorCode: parts.errorCode ?? 0,
        clientTags: {},
      })
    },
    assign(members, partitionCounts) {
      if (members.some((member) => member.topics.some((topic) => !topics.has(topic)))) parts.onUnknownTopic?.()
      return assign(members, partitionCounts, parts)
    },
    onAssignment(partitions, userData) {
      if (partitions.some(({ topic }) => !topics.has(topic))) parts.onUnknownTopic?.()
      if (userData !== null) parts.onAssignment(decodeAssignmentInfo(userData))
    },
  }
}

/** Every task that there is with so many partitions. */
export function tasksOfTopology(topology: Topology, partitionCounts: ReadonlyMap<string, number>): Task[] {
  return topology.subtopologies
    .filter(({ isGlobal }) => !isGlobal)
    .flatMap(({ id, sourceTopics, stores }) => {
      const isStateful = stores.some(({ definition, isGlobal }) => definition.logging !== null && isGlobal !== true)
      const count = Math.max(0, ...sourceTopics.map((topic) => partitionCounts.get(topic) ?? 0))
      return Array.from({ length: count }, (_, partition): Task => ({ subtopology: id, partition, isStateful }))
    })
}

/** Those of some partitions that are for the same tasks as others. */
export function ofSameTasks(
  topology: Topology,
  others: readonly TopicPartition[],
  partitions: readonly TopicPartition[],
): TopicPartition[] {
  const taskOf = taskFinder(topology)
  const names = new Set(others.flatMap((one) => taskOf(one) ?? []).map(nameOfTask))
  return partitions.filter((one) => {
    const task = taskOf(one)
    return task !== null && names.has(nameOfTask(task))
  })
}

/** Finds the task that a partition is for; null: it is of a topic that no task reads. */
function taskFinder(topology: Topology): (place: TopicPartition) => TaskId | null {
  const byTopic = new Map(
    topology.subtopologies.flatMap(({ id, sourceTopics }) => sourceTopics.map((topic) => [topic, id] as const)),
  )
  return ({ topic, partition }) => {
    const subtopology = byTopic.get(topic)
    return subtopology === undefined ? null : { subtopology, partition }
  }
}

/** The tasks that these partitions are for. */
export function tasksOf(topology: Topology, partitions: readonly TopicPartition[]): TaskId[] {
  const taskOf = taskFinder(topology)
  const tasks = new Map<string, TaskId>()
  for (const place of partitions) {
    const id = taskOf(place)
    if (id !== null) tasks.set(nameOfTask(id), id)
  }
  return [...tasks.values()]
}

interface Known {
  readonly subscription: Subscription
  readonly info: SubscriptionInfo
}

async function assign(
  members: readonly Subscription[],
  partitionCounts: ReadonlyMap<string, number>,
  { topology, standbys, recovery }: StreamsAssignorParts,
): Promise<Assignments> {
  const known = members.map((subscription): Known => ({
    subscription,
    info: decodeSubscriptionInfo(subscription.userData ?? new Uint8Array()),
  }))
  if (known.some(({ info }) => info.errorCode === SHUTDOWN_REQUESTED)) return nothingFor(members, SHUTDOWN_REQUESTED)
  const wanted = topology.subtopologies.flatMap(({ isGlobal, sourceTopics }) => (isGlobal ? [] : sourceTopics))
  if (wanted.some((topic) => (partitionCounts.get(topic) ?? 0) === 0))
    return nothingFor(members, INCOMPLETE_SOURCE_TOPICS)
  const owners = ownersOf(known)
  const partitionsOf = ({ subtopology, partition }: TaskId): TopicPartition[] =>
    topology.subtopologies[subtopology]!.sourceTopics.filter((topic) => partition < partitionCounts.get(topic)!).map(
      (topic) => ({ topic, partition }),
    )
  const those = known.map((one) => memberOf(one, topology, owners))
  const tasks = tasksOfTopology(topology, partitionCounts)
  const even = assignTasks(those, tasks, standbys)
  const { shares, warming, isUnderWay } =
    recovery === undefined || members.length === 1
      ? { shares: even, warming: NOBODY, isUnderWay: false }
      : withWarmUps(even, those, tasks, { ...recovery, ends: await recovery.ends(tasks) })
  // Those that warm up see to it themselves; somebody does where there is no room for them yet.
  const probing = warming.size > 0 ? warming : new Set(isUnderWay ? [members[0]!.memberId] : [])
  const hosts = hostsOf(known, shares, partitionsOf)
  return new Map(
    Array.from(shares, ([memberId, { active, standby }]): [string, PartitionAssignment] => {
      const free = active.filter((task) => {
        const owner = owners.get(nameOfTask(task))
        return owner === undefined || owner === memberId
      })
      // What it is to run, and its owner has still: a copy that there is goes on until then.
      const coming = active.filter((task) => !free.includes(task) && known.some((one) => isCopyOf(one, memberId, task)))
      const places = free
        .flatMap((task) => partitionsOf(task).map((place) => ({ task, place })))
        .toSorted((a, b) => comparePlaces(a.place, b.place))
      const userData = encodeAssignmentInfo({
        ...NOTHING,
        ...hosts,
        activeTasks: places.map(({ task }) => task),
        standbyTasks: [...standby, ...coming].map((task) => ({ task, partitions: partitionsOf(task) })),
        nextRebalanceMs: probing.has(memberId) ? recovery!.nextRebalanceMs() : NEVER,
      })
      return [memberId, { partitions: places.map(({ place }) => place), userData }]
    }),
  )
}

const NOBODY: ReadonlySet<string> = new Set()

function isCopyOf({ subscription, info }: Known, memberId: string, { subtopology, partition }: TaskId): boolean {
  if (subscription.memberId !== memberId) return false
  return info.tasks.some(
    (task) => task.subtopology === subtopology && task.partition === partition && task.offsetSum !== HELD.running,
  )
}

const NOTHING: AssignmentInfo = {
  activeTasks: [],
  standbyTasks: [],
  partitionsByHost: new Map(),
  standbyPartitionsByHost: new Map(),
  errorCode: 0,
  nextRebalanceMs: NEVER,
}

function nothingFor(members: readonly Subscription[], errorCode: number): Assignments {
  const userData = encodeAssignmentInfo({ ...NOTHING, errorCode })
  return new Map(members.map(({ memberId }) => [memberId, { partitions: [], userData }]))
}

/** Who owns which topic and partition: of two who say so, the one who heard of it last. */
function ownersOf(known: readonly Known[]): Map<string, string> {
  const owners = new Map<string, string>()
  const generations = new Map<string, number>()
  for (const { subscription, info } of known) {
    for (const task of info.tasks) {
      if (task.offsetSum !== HELD.running) continue
      const name = nameOfTask(task)
      const since = generations.get(name)
      if (since !== undefined && since >= subscription.generationId) continue
      owners.set(name, subscription.memberId)
      generations.set(name, subscription.generationId)
    }
  }
  return owners
}

function memberOf({ subscription, info }: Known, topology: Topology, owners: ReadonlyMap<string, string>): TaskMember {
  const { memberId } = subscription
  const running = info.tasks.filter((task) => owners.get(nameOfTask(task)) === memberId)
  return {
    memberId,
    processId: info.processId,
    running: new Set(running.filter(({ subtopology }) => subtopology < topology.subtopologies.length).map(nameOfTask)),
    held: new Map(info.tasks.map((task) => [nameOfTask(task), task.offsetSum < 0 ? Infinity : task.offsetSum])),
  }
}

function hostsOf(
  known: readonly Known[],
  shares: ReadonlyMap<string, TaskShare>,
  partitionsOf: (task: TaskId) => readonly TopicPartition[],
): Pick<AssignmentInfo, 'partitionsByHost' | 'standbyPartitionsByHost'> {
  const of = (kind: keyof TaskShare): Map<string, TopicPartition[]> => {
    const hosts = new Map<string, TopicPartition[]>()
    for (const { subscription, info } of known) {
      if (info.userEndPoint === null) continue
      const places = shares.get(subscription.memberId)![kind].flatMap(partitionsOf)
      hosts.set(info.userEndPoint, [...(hosts.get(info.userEndPoint) ?? []), ...places])
    }
    return hosts
  }
  return { partitionsByHost: of('active'), standbyPartitionsByHost: of('standby') }
}

function comparePlaces(a: TopicPartition, b: TopicPartition): number {
  return a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition
}
