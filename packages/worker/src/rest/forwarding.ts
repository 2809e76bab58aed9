/** Requests that another worker has to do: from follower to leader to owner, two hops at most. */
import { HerderError, NotAssigned, NotLeader } from '../herder/herder.ts'
import { empty, jsonAsIs, type Answer } from './answers.ts'
import type { Call } from './handlers.ts'
import { ALGORITHM_HEADER, SIGNATURE_HEADER } from './signatures.ts'
import type { WorkerClient } from './worker-client.ts'

export interface Forwarded {
  readonly method: string
  /** As it came, without the query. */
  readonly path: string
  readonly call: Call
  readonly authorization: string | undefined
}

/** @throws HerderError with the other worker's refusal; 409 after the last hop or without a leader */
export async function forward(
  request: Forwarded,
  target: NotLeader | NotAssigned,
  client: WorkerClient,
): Promise<Answer> {
  const { query, body, signature, algorithm, params, location } = request.call
  const hop = query.get('forward')
  if (hop !== null && hop.toLowerCase() !== 'true')
    throw new HerderError(409, 'Cannot complete request because of a conflicting operation (e.g. worker rebalance)')
  const url = target instanceof NotLeader ? target.leaderUrl : target.ownerUrl
  if (url === null || url === '')
    throw new HerderError(
      409,
      'Cannot complete request momentarily due to no known leader URL, likely because a rebalance was underway.',
    )
  const onward = new URLSearchParams(query)
  // The first hop lets the other forward once more, to the owner; that one must do it itself.
  onward.set('forward', hop === null ? 'true' : 'false')
  const answer = await client.send({
    url: `${url.replace(/\/$/, '')}${request.path}?${onward.toString()}`,
    method: request.method,
    body,
    headers: {
      ...(request.authorization !== undefined && { Authorization: request.authorization }),
      // The body is passed on as it came, so its signature holds; without it the leader would refuse.
      ...(signature !== null && { [SIGNATURE_HEADER]: signature }),
      ...(algorithm !== null && { [ALGORITHM_HEADER]: algorithm }),
    },
  })
  if (answer.body.length === 0) return empty(answer.status)
  const created = params['connector'] ?? nameIn(answer.body)
  return jsonAsIs(answer.status, answer.body, answer.status === 201 ? { Location: location(created) } : undefined)
}

function nameIn(body: Buffer): string {
  const { name } = JSON.parse(body.toString()) as { readonly name?: unknown }
  return String(name)
}
