import type { Assignments, PartitionAssignment, PartitionAssignor, Subscription } from '@sluice/kafka'
import type { TopicPartition } from '@sluice/sdk'
import type { Topology } from '../topology/topology.ts'
import { assignTasks, type Task, type TaskMember, type TaskShare } from './assign-tasks.ts'
import { type AssignmentInfo, decodeAssignmentInfo, encodeAssignmentInfo, NEVER } from './assignment-info.ts'
import { decodeSubscriptionInfo, encodeSubscriptionInfo, HELD, type SubscriptionInfo } from './subscription-info.ts'
import { nameOfTask, type TaskId } from './task-id.ts'

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
  /** What this member has to tell: `SHUTDOWN_REQUESTED`. Default: nothing. */
  readonly errorCode?: number
}

/**
 * Kafka Streams' assignor (protocol `stream`, cooperative): shares out tasks, each with the same partition of all topics that its
 * sub-topology reads. A task that moves is assigned to nobody until its owner has given it up and joined again.
 */
export function streamsAssignor(parts: StreamsAssignorParts): PartitionAssignor {
  const { topology } = parts
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
        uniqueField: 0,
        errorCode: parts.errorCode ?? 0,
        clientTags: {},
      })
    },
    assign(members, partitionCounts) {
      return assign(members, partitionCounts, parts)
    },
    onAssignment(_partitions, userData) {
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

/** The tasks that these partitions are for. */
export function tasksOf(topology: Topology, partitions: readonly TopicPartition[]): TaskId[] {
  const byTopic = new Map(
    topology.subtopologies.flatMap(({ id, sourceTopics }) => sourceTopics.map((topic) => [topic, id] as const)),
  )
  const tasks = new Map<string, TaskId>()
  for (const { topic, partition } of partitions) {
    const subtopology = byTopic.get(topic)
    if (subtopology === undefined) continue
    const id = { subtopology, partition }
    tasks.set(nameOfTask(id), id)
  }
  return [...tasks.values()]
}

interface Known {
  readonly subscription: Subscription
  readonly info: SubscriptionInfo
}

function assign(
  members: readonly Subscription[],
  partitionCounts: ReadonlyMap<string, number>,
  { topology, standbys }: StreamsAssignorParts,
): Assignments {
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
  const shares = assignTasks(
    known.map((one) => memberOf(one, topology, owners)),
    tasksOfTopology(topology, partitionCounts),
    standbys,
  )
  const hosts = hostsOf(known, shares, partitionsOf)
  return new Map(
    Array.from(shares, ([memberId, { active, standby }]): [string, PartitionAssignment] => {
      const free = active.filter((task) => {
        const owner = owners.get(nameOfTask(task))
        return owner === undefined || owner === memberId
      })
      const places = free
        .flatMap((task) => partitionsOf(task).map((place) => ({ task, place })))
        .toSorted((a, b) => comparePlaces(a.place, b.place))
      const userData = encodeAssignmentInfo({
        ...NOTHING,
        ...hosts,
        activeTasks: places.map(({ task }) => task),
        standbyTasks: standby.map((task) => ({ task, partitions: partitionsOf(task) })),
      })
      return [memberId, { partitions: places.map(({ place }) => place), userData }]
    }),
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
