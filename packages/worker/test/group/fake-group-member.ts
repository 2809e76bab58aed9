import type {
  GroupAssignment,
  GroupIdentity,
  GroupMember,
  GroupMemberOptions,
  GroupTenure,
  MemberMetadata,
} from '@sluice/kafka'
import { SluiceError } from '@sluice/sdk'
import type { ConfigSnapshot } from '../../src/storage/config-store.ts'
import { tasksOf } from './work.ts'

/** A member whose coordinator is the test. */
export class FakeGroupMember implements GroupMember {
  readonly options: GroupMemberOptions
  readonly calls: string[] = []
  generationId = -1
  memberId = 'me'
  /** What a join is refused with. */
  refusal: SluiceError | undefined

  constructor(options: GroupMemberOptions) {
    this.options = options
  }

  /** What the member says of itself, by protocol. */
  async metadata(): Promise<ReadonlyMap<string, Uint8Array>> {
    const all = this.options.protocols.map(async (protocol): Promise<[string, Uint8Array]> => {
      return [protocol.name, await protocol.metadata(this.identity())]
    })
    return new Map(await Promise.all(all))
  }

  /** A rebalance that this member leads: others' metadata are given; everybody's bytes come back, and its own arrive. */
  async lead(
    protocol: string,
    others: readonly MemberMetadata[] = [],
    generationId = this.generationId + 1,
  ): Promise<ReadonlyMap<string, Uint8Array>> {
    const metadata = (await this.metadata()).get(protocol)!
    this.generationId = generationId
    const me = { memberId: this.memberId, instanceId: null, metadata }
    const chosen = this.options.protocols.find(({ name }) => name === protocol)!
    const bytes = await chosen.assign([me, ...others], this.identity())
    await this.assigned(protocol, bytes.get(this.memberId)!, this.memberId)
    return bytes
  }

  async assigned(protocol: string, assignment: Uint8Array, leaderId = 'leader'): Promise<void> {
    const place: GroupAssignment = { ...this.identity(), protocol, leaderId, members: [], assignment }
    await this.options.hooks.onAssigned(place)
  }

  async lost(): Promise<void> {
    await this.options.hooks.onLost(new SluiceError('KAFKA_FENCED', 'The session is over'))
  }

  identity(): GroupIdentity {
    const { generationId, memberId } = this
    return { groupId: 'g', generationId, memberId, instanceId: null }
  }

  tenure(): GroupTenure {
    return { groupId: 'g', identity: () => this.identity() }
  }

  async join(): Promise<void> {
    this.calls.push('join')
    if (this.refusal !== undefined) throw this.refusal
  }

  poll(): boolean {
    this.calls.push('poll')
    return true
  }

  requestRejoin(reason: string): void {
    this.calls.push(`rejoin: ${reason}`)
  }

  async commit(): Promise<void> {}

  async committed(): Promise<readonly []> {
    return []
  }

  async leave(reason: string): Promise<void> {
    await this.options.hooks.onRevoked?.()
    this.calls.push(`leave: ${reason}`)
  }

  async close(): Promise<void> {
    this.calls.push('close')
  }
}

/** As of `offset`, with so many tasks of each connector. */
export function snapshotOf(offset: number, connectors: Readonly<Record<string, number>> = {}): ConfigSnapshot {
  const isThere = (connector: string): boolean => Object.hasOwn(connectors, connector)
  return {
    offset,
    sessionKey: null,
    connectors: () => Object.keys(connectors),
    has: isThere,
    connectorConfig: () => ({}),
    targetState: () => 'STARTED',
    tasks: (connector) => (isThere(connector) ? tasksOf(connector, connectors[connector]!) : []),
    taskConfig: () => ({}),
    taskConfigs: () => [],
    isInconsistent: () => false,
    fencingCount: () => undefined,
  } as Partial<ConfigSnapshot> as ConfigSnapshot
}
