import assert from 'node:assert/strict'
import { valuesOf } from '../admin/admin-requests.ts'
import type { SluiceError, TopicPartition } from '@sluice/sdk'
import type {
  ConsumerMember,
  ConsumerMemberOptions,
  GroupAssignment,
  GroupHooks,
  GroupMember,
  GroupMemberOptions,
  GroupProtocol,
  Kafka,
  MemberMetadata,
} from '../port.ts'

/** Short, but no shorter than brokers allow by default (`group.min.session.timeout.ms`). */
export const TIMES = { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 200, rebalanceTimeoutMs: 20_000 } as const

/** What brokers hold members of the `consumer` protocol to by default, with a heartbeat every 5 s. */
const EPOCH_SESSION_TIMEOUT_MS = 45_000

const PATIENCE_MS = 20_000
const PAUSE_MS = 50

/** Waits until the condition holds. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const until = performance.now() + PATIENCE_MS
  while (!(await holds())) {
    assert.ok(performance.now() < until, `not within ${PATIENCE_MS} ms: ${what}`)
    await pause(PAUSE_MS)
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** A member of a group whose work is text, and what has happened to it. */
export interface GroupProbe {
  readonly member: GroupMember
  /** `assigned <text>`, `revoked`, `lost <error>`. */
  readonly events: string[]
  readonly assignments: GroupAssignment[]
}

export interface ProbeOptions {
  readonly protocols?: readonly GroupProtocol[]
  readonly hooks?: Partial<GroupHooks>
  readonly options?: Partial<GroupMemberOptions>
}

/** `name` is the member's metadata; hooks given run before the event is noted. */
export function groupProbe(kafka: Kafka, groupId: string, name: string, of: ProbeOptions = {}): GroupProbe {
  const events: string[] = []
  const assignments: GroupAssignment[] = []
  const member = kafka.groupMember({
    groupId,
    protocolType: 'contract',
    protocols: of.protocols ?? [textProtocol('text', name)],
    ...TIMES,
    ...of.options,
    hooks: {
      async onAssigned(assignment) {
        await of.hooks?.onAssigned?.(assignment)
        assignments.push(assignment)
        events.push(`assigned ${text(assignment.assignment)}`)
      },
      async onRevoked() {
        await of.hooks?.onRevoked?.()
        events.push('revoked')
      },
      async onLost(cause) {
        await of.hooks?.onLost?.(cause)
        events.push(`lost ${errorOf(cause)}`)
      },
    },
  })
  return { member, events, assignments }
}

/** Two cooperative members: `a` has joined again, and waits for `b`, which does not before `release`. */
export async function waitingForAnother(
  kafka: Kafka,
  groupId: string,
): Promise<{ readonly a: GroupProbe; readonly b: GroupProbe; readonly release: () => void }> {
  const protocols = (name: string) => [textProtocol('text', name, { isCooperative: true })]
  const released = Promise.withResolvers<void>()
  let isHolding = false
  let isHeld = false
  const a = groupProbe(kafka, groupId, 'a', { protocols: protocols('a') })
  await a.member.join()
  const onAssigned = async (): Promise<void> => {
    isHeld = isHolding
    if (isHolding) await released.promise
  }
  const b = groupProbe(kafka, groupId, 'b', { protocols: protocols('b'), hooks: { onAssigned } })
  await b.member.join()
  await eventually('both are in', () => a.member.poll() && a.assignments.length === 2)
  isHolding = true
  // It does not lead, so it gets its assignment again at once, and is busy with that.
  b.member.requestRejoin('for the test')
  await eventually('b is busy', () => isHeld)
  a.member.requestRejoin('for the test')
  await eventually('a waits', async () => {
    const [group] = valuesOf(await kafka.admin.groups.describe([groupId]))
    return a.member.poll() && group?.state === 'PreparingRebalance'
  })
  return { a, b, release: () => released.resolve() }
}

/** Assigns to each member: its own metadata, and how many members there are. */
export function textProtocol(name: string, metadata: string, of: Partial<GroupProtocol> = {}): GroupProtocol {
  return {
    name,
    isCooperative: false,
    metadata: () => Buffer.from(metadata),
    assign: (members) =>
      new Map(members.map((one) => [one.memberId, Buffer.from(`${metadataOf(one)}/${members.length}`)])),
    ...of,
  }
}

export function metadataOf({ metadata }: MemberMetadata): string {
  return text(metadata)
}

/** A member of a consumer group, and what has happened to it. */
export interface ConsumerProbe {
  readonly member: ConsumerMember
  /** `assigned 0,1`, `revoked 1`, `lost 0`; partitions of all topics, in order. */
  readonly events: string[]
}

export function consumerProbe(
  kafka: Kafka,
  groupId: string,
  topics: readonly string[],
  options: Partial<ConsumerMemberOptions> = {},
): ConsumerProbe {
  const events: string[] = []
  const note = (event: string, partitions: readonly TopicPartition[]): void => {
    if (partitions.length > 0) events.push(`${event} ${listed(partitions)}`)
  }
  const { hooks } = options
  const member = kafka.consumerMember({
    groupId,
    topics,
    ...TIMES,
    ...(options.protocol === 'consumer' ? { sessionTimeoutMs: EPOCH_SESSION_TIMEOUT_MS } : {}),
    ...options,
    hooks: {
      async onAssigned(partitions) {
        await hooks?.onAssigned(partitions)
        note('assigned', partitions)
      },
      async onRevoked(partitions) {
        await hooks?.onRevoked?.(partitions)
        note('revoked', partitions)
      },
      async onLost(partitions, cause) {
        await hooks?.onLost(partitions, cause)
        note('lost', partitions)
      },
    },
  })
  return { member, events }
}

/** Waits until the members hold every one of the partitions exactly once, and evenly so. */
export async function shared(probes: readonly ConsumerProbe[], count: number): Promise<void> {
  await eventually(`${count} partitions are shared by ${probes.length} members`, () => {
    const sizes = probes.map(({ member }) => (member.poll(), member.assignment().length))
    const held = probes.flatMap(({ member }) =>
      member.assignment().map(({ topic, partition }) => `${topic} ${partition}`),
    )
    const isEven = Math.max(...sizes) - Math.min(...sizes) <= 1
    return isEven && held.length === count && new Set(held).size === count
  })
}

export function listed(partitions: readonly TopicPartition[]): string {
  return partitions
    .map(({ partition }) => partition)
    .toSorted((a, b) => a - b)
    .join(',')
}

function errorOf(cause: SluiceError): string {
  return String(cause.place?.['error'] ?? cause.code)
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
}
