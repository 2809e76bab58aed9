import type { RequestBody, ResponseInput } from '@sluice/kafka-protocol'
import type { FakeCluster } from '../fake/fake-cluster.ts'

/** Short times for a coordinator that allows any. */
export const FAST = { sessionTimeoutMs: 2_000, heartbeatIntervalMs: 15, rebalanceTimeoutMs: 10_000 } as const

/** A group of one member, on a fake cluster whose faults say what goes wrong. */
export class ScriptedGroup {
  readonly #cluster: FakeCluster
  generationId = 0
  #serial = 0

  constructor(cluster: FakeCluster) {
    this.#cluster = cluster
    const { handlers } = cluster
    handlers.set('JoinGroup', (body: RequestBody<'JoinGroup'>, _, __, refuse) => this.#join(body, refuse))
    handlers.set('SyncGroup', (body: RequestBody<'SyncGroup'>, _, __, refuse): ResponseInput<'SyncGroup'> => ({
      errorCode: refuse,
      assignment: body.assignments[0]?.assignment ?? new Uint8Array(0),
    }))
    handlers.set('Heartbeat', (_, __, ___, refuse): ResponseInput<'Heartbeat'> => ({ errorCode: refuse }))
    handlers.set(
      'LeaveGroup',
      ({ members }: RequestBody<'LeaveGroup'>, _, __, refuse): ResponseInput<'LeaveGroup'> => ({
        errorCode: refuse,
        members: members.map(({ memberId }) => ({ memberId, errorCode: 0 })),
      }),
    )
  }

  /** What was asked, in order. */
  asked(...apis: string[]): string[] {
    return this.#cluster.requests.filter(({ api }) => apis.includes(api)).map(({ api }) => api)
  }

  /** The bodies of the requests of one API. */
  bodies<N extends 'JoinGroup' | 'SyncGroup' | 'Heartbeat' | 'LeaveGroup' | 'OffsetCommit'>(api: N): RequestBody<N>[] {
    return this.#cluster.requests.filter((one) => one.api === api).map(({ body }) => body as RequestBody<N>)
  }

  #join(
    { memberId, groupInstanceId, protocols, protocolType }: RequestBody<'JoinGroup'>,
    errorCode: number,
  ): ResponseInput<'JoinGroup'> {
    const id = memberId || `m-${++this.#serial}`
    if (errorCode !== 0) return { errorCode, memberId: id, leader: '', members: [] }
    const { name, metadata } = protocols[0]!
    return {
      errorCode,
      generationId: ++this.generationId,
      protocolType,
      protocolName: name,
      leader: id,
      memberId: id,
      members: [{ memberId: id, groupInstanceId, metadata }],
    }
  }
}
