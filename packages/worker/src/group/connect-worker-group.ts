import type { GroupAssignment, GroupMember, GroupProtocol, Kafka } from '@sluice/kafka'
import { type Clock, type Logger, type SluiceError, describeError, isRetriable } from '@sluice/sdk'
import type { ConfigSnapshot } from '../storage/config-store.ts'
import { GroupLeader } from './group-leader.ts'
import {
  type AssignmentBody,
  CONFIG_MISMATCH,
  CONNECTOR,
  type ConnectProtocol,
  NO_ERROR,
  OFFERED,
  type ProtocolVersion,
  decodeAssignment,
  encodeMetadata,
} from './protocol.ts'
import type { Work } from './work-assignment.ts'
import { itemsOf, keyOf, setOf, without, workOf } from './work-set.ts'
import type { WorkerGroup, WorkerGroupHooks } from './worker-group.ts'

/** What a join says: as of when, and what is held then. */
interface Offered {
  readonly snapshot: ConfigSnapshot
  readonly held: Work
}

const NO_WORK: Work = { connectors: [], tasks: [] }

/** A worker's settings, in milliseconds; Kafka's names beside. */
export interface ConnectWorkerGroupOptions {
  readonly kafka: Pick<Kafka, 'groupMember'>
  readonly clock: Clock
  readonly logger: Logger
  /** `group.id` */
  readonly groupId: string
  /** The address that others find this worker's REST interface at, as in `http://host:8083`; a slash is added. */
  readonly url: string
  /** `client.id`; empty or left out: `connect-` and the url's host and port. */
  readonly clientId?: string
  /** `connect.protocol` */
  readonly connectProtocol: ConnectProtocol
  /** `session.timeout.ms` */
  readonly sessionTimeoutMs: number
  /** `heartbeat.interval.ms` */
  readonly heartbeatIntervalMs: number
  /** `rebalance.timeout.ms` */
  readonly rebalanceTimeoutMs: number
  /** `scheduled.rebalance.max.delay.ms` */
  readonly delayMaxMs: number
  readonly hooks: WorkerGroupHooks
}

/**
 * A place in Connect's group: the protocol of Java's WorkerCoordinator over a group member of Kafka's client.
 *
 * What is held is kept through a rebalance unless the group is eager, and is lost when the member's session is over by this worker's own
 * clock: before that nobody else can have been given it, later it may run twice. (Java lets go earlier, after one heartbeat interval
 * without a coordinator, so that every restart of a broker stops all tasks.)
 */
export class ConnectWorkerGroup implements WorkerGroup {
  readonly #options: ConnectWorkerGroupOptions
  readonly #url: string
  readonly #leader: GroupLeader
  #member: GroupMember
  #isClosed = false
  /** What all the offers of one join are made from. */
  #joining: Promise<Offered> | undefined
  /** As of the last join. */
  #snapshot: ConfigSnapshot | undefined
  #place: GroupAssignment | undefined
  /** The last assignment, as Java's workers repeat it to the leader. */
  #told: AssignmentBody | undefined
  /** The last rebalance that this member was in, without a break since; -1: none. */
  #completedGeneration = -1
  /** Decided here, as the leader, but the group has not got it yet. */
  #nextOwners: ReadonlyMap<string, string> | undefined
  #owners: ReadonlyMap<string, string> | undefined

  constructor(options: ConnectWorkerGroupOptions) {
    this.#options = options
    this.#url = options.url.endsWith('/') ? options.url : `${options.url}/`
    const { clock, logger, delayMaxMs, hooks } = options
    this.#leader = new GroupLeader({ clock, logger, delayMaxMs, snapshot: () => hooks.snapshot() })
    this.#member = this.#newMember()
  }

  async join(): Promise<void> {
    try {
      await this.#member.join()
    } catch (cause) {
      // A member that has failed for good stays so. What it failed of may pass: a right that was missing, a worker of another kind.
      if (!isRetriable(cause) && !this.#isClosed) await this.#replaceMember()
      throw cause
    }
  }

  poll(): boolean {
    return this.#member.poll()
  }

  get memberId(): string {
    return this.#place?.memberId ?? ''
  }

  get generation(): number {
    return this.#place?.generationId ?? -1
  }

  get protocol(): string | null {
    return this.#place?.protocol ?? null
  }

  ownerUrl(connector: string, task: number | null): string | null {
    return this.#owners?.get(keyOf({ connector, task: task ?? CONNECTOR })) ?? null
  }

  requestRejoin(reason: string): void {
    this.#owners = undefined
    this.#member.requestRejoin(reason)
  }

  async leave(reason: string): Promise<void> {
    await this.#member.leave(reason)
    this.#forgetPlace()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#member.close()
    this.#place = undefined
  }

  #newMember(): GroupMember {
    const { kafka, groupId, clientId = '', connectProtocol } = this.#options
    const { sessionTimeoutMs, heartbeatIntervalMs, rebalanceTimeoutMs } = this.#options
    return kafka.groupMember({
      groupId,
      protocolType: 'connect',
      clientId: clientId === '' ? `connect-${this.#url.split('/')[2]}` : clientId,
      sessionTimeoutMs,
      heartbeatIntervalMs,
      rebalanceTimeoutMs,
      protocols: OFFERED[connectProtocol].map(([name, version]) => this.#protocol(name, version)),
      hooks: {
        onAssigned: (assignment) => this.#assigned(assignment),
        onRevoked: () => this.#revoked(),
        onLost: (cause) => this.#lost(cause),
      },
    })
  }

  /** The old one tells first that its place is lost. */
  async #replaceMember(): Promise<void> {
    await this.#member.close()
    if (!this.#isClosed) this.#member = this.#newMember()
  }

  #protocol(name: string, version: ProtocolVersion): GroupProtocol {
    return {
      name,
      isCooperative: version > 0,
      metadata: () => this.#metadata(version),
      assign: async (members, identity) => {
        const snapshot = this.#snapshot ?? (await this.#options.hooks.snapshot())
        const completedGeneration = this.#completedGeneration
        const answer = await this.#leader.assign({ version, members, identity, snapshot, completedGeneration })
        this.#nextOwners = answer.owners
        return answer.bytes
      },
    }
  }

  async #metadata(version: ProtocolVersion): Promise<Uint8Array> {
    this.#owners = undefined
    this.#nextOwners = undefined
    this.#joining ??= this.#toOffer().finally(() => {
      this.#joining = undefined
    })
    const { snapshot, held } = await this.#joining
    this.#snapshot = snapshot
    const isNothing = this.#told === undefined && itemsOf(held).length === 0
    const allocation = isNothing ? null : { ...(this.#told ?? this.#nothing(NO_ERROR)), assigned: held }
    return encodeMetadata(version, { url: this.#url, configOffset: BigInt(snapshot.offset), allocation })
  }

  async #toOffer(): Promise<Offered> {
    const { hooks } = this.#options
    const snapshot = await hooks.snapshot()
    return { snapshot, held: hooks.held() }
  }

  #assigned(place: GroupAssignment): void {
    const told = this.#read(place)
    const { leaderId, leaderUrl, configOffset, error, delayMs } = told
    const isMismatch = error !== NO_ERROR
    this.#place = place
    this.#told = told
    this.#completedGeneration = place.generationId
    this.#owners = this.#nextOwners
    this.#options.hooks.assigned({
      generation: place.generationId,
      isLeader: leaderId === place.memberId,
      leaderId,
      leaderUrl,
      configOffset: Number(configOffset),
      isMismatch,
      revoked: told.revoked,
      assigned: told.assigned,
      delayMs,
    })
  }

  #read(place: GroupAssignment): AssignmentBody {
    try {
      const told = decodeAssignment(place.assignment)
      return this.#isEager(place) ? { ...told, revoked: this.#notIn(told.assigned) } : told
    } catch (error) {
      const facts = { leaderId: place.leaderId, error: describeError(error) }
      this.#options.logger.warn('The leader of the group says what no leader says: nothing is done about it', facts)
      return { ...this.#nothing(CONFIG_MISMATCH), leaderId: place.leaderId }
    }
  }

  #isEager({ protocol }: GroupAssignment): boolean {
    return OFFERED.sessioned.some(([name, version]) => name === protocol && version === 0)
  }

  /** An eager assignment is everything. Somebody who joined in a cooperative group may still hold what others have by now. */
  #notIn(assigned: Work): Work {
    const held = setOf(itemsOf(this.#options.hooks.held()))
    return workOf([...without(held, setOf(itemsOf(assigned))).values()])
  }

  #nothing(error: number): AssignmentBody {
    return { error, leaderId: '', leaderUrl: '', configOffset: -1n, assigned: NO_WORK, revoked: NO_WORK, delayMs: 0 }
  }

  async #revoked(): Promise<void> {
    this.#owners = undefined
    await this.#options.hooks.revoked()
    this.#told = undefined
  }

  async #lost(cause: SluiceError): Promise<void> {
    const { groupId, logger, hooks } = this.#options
    logger.warn('This worker has lost its place in the group: what it ran is stopped', {
      groupId,
      cause: cause.message,
    })
    this.#forgetPlace()
    this.#owners = undefined
    this.#told = undefined
    await hooks.lost()
  }

  /**
   * Who comes back and leads again must not keep work back for those that it remembers, itself under its old id among them: all that was
   * to be waited for was, while it was away. (A Java leader waits once more.)
   */
  #forgetPlace(): void {
    this.#place = undefined
    this.#completedGeneration = -1
  }
}
