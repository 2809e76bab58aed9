import type { ResponseBody } from '@sluice/kafka-protocol'
import { type SluiceError, isRetriable } from '@sluice/sdk'
import type { ClusterContext } from './cluster.ts'
import { Deadline, retrying } from './deadline.ts'
import { KAFKA_ERROR, refused } from './kafka-errors.ts'
import type { Metadata } from './metadata.ts'
import type { BrokerLinks } from './wire/broker-links.ts'
import type { Connection } from './wire/connection.ts'

/** What is coordinated: a group by its id, or the transactions of a transactional id. */
export type CoordinatorType = 'group' | 'transaction'

export interface Coordinator {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

const KEY_TYPES = { group: 0, transaction: 1 } as const

/** Which broker coordinates what: asked for once per key, remembered until somebody finds it wrong. */
export class Coordinators {
  readonly #metadata: Metadata
  readonly #known = new Map<string, Coordinator>()

  constructor(metadata: Metadata) {
    this.#metadata = metadata
  }

  /**
   * The coordinator of a key, asked for if it is not known.
   * @throws SluiceError KAFKA_REFUSED: retriable while the coordinator is elected or loads
   */
  async find(type: CoordinatorType, key: string): Promise<Coordinator> {
    const found = (await this.findAll(type, [key])).get(key)!
    if ('nodeId' in found) return found
    throw found
  }

  /** As `find`, for many keys in one request: each key with its coordinator, or with why there is none. */
  async findAll(type: CoordinatorType, keys: readonly string[]): Promise<Map<string, Coordinator | SluiceError>> {
    const found = new Map<string, Coordinator | SluiceError>()
    const missing: string[] = []
    for (const key of new Set(keys)) {
      const known = this.#known.get(nameOf(type, key))
      if (known === undefined) missing.push(key)
      else found.set(key, known)
    }
    if (missing.length === 0) return found
    const answers = await this.#ask(type, missing)
    for (const key of missing) {
      const answer = answers.find((one) => one.key === key)
      if (answer?.errorCode !== KAFKA_ERROR.NONE) {
        const place = { [type]: key }
        const message = answer?.errorMessage ?? null
        found.set(
          key,
          refused(answer?.errorCode ?? -1, `Cannot find the coordinator of ${type} ${key}`, place, message),
        )
        continue
      }
      const { nodeId, host, port } = answer
      this.#known.set(nameOf(type, key), { nodeId, host, port })
      found.set(key, { nodeId, host, port })
    }
    return found
  }

  /** To be called when the broker says that it is not the coordinator, or cannot be reached: it may have moved. */
  forget(type: CoordinatorType, key: string): void {
    this.#known.delete(nameOf(type, key))
  }

  async #ask(
    type: CoordinatorType,
    coordinatorKeys: readonly string[],
  ): Promise<ResponseBody<'FindCoordinator'>['coordinators']> {
    const connection = await this.#metadata.anyBroker()
    const version = connection.version('FindCoordinator', { lowest: 4, highest: 6 })
    return (await connection.send('FindCoordinator', version, { keyType: KEY_TYPES[type], coordinatorKeys }))
      .coordinators
  }
}

/**
 * A connection to the coordinator of a group or a transactional id. `links` are the caller's own where a request may wait
 * long (JoinGroup): a broker works on one request per connection at a time.
 */
export async function coordinatorOf(
  context: ClusterContext,
  type: CoordinatorType,
  key: string,
  links: BrokerLinks = context.links,
): Promise<Connection> {
  const { nodeId, host, port } = await context.coordinators.find(type, key)
  try {
    return await links.at(`broker ${nodeId}`, { host, port })
  } catch (error) {
    context.coordinators.forget(type, key)
    throw error
  }
}

/**
 * Repeats an attempt at the coordinator until it succeeds, fails for good, or the deadline (default: requestTimeoutMs) has
 * passed. After each failure that can be retried the coordinator is asked for again: it may have moved, and asking is cheap.
 */
export function atCoordinator<T>(
  context: ClusterContext,
  type: CoordinatorType,
  key: string,
  what: string,
  attempt: (connection: Connection) => Promise<T>,
  deadline: Deadline = new Deadline(context.clock, context.requestTimeoutMs),
): Promise<T> {
  return retrying(what, deadline, context, async () => {
    try {
      return await attempt(await coordinatorOf(context, type, key))
    } catch (error) {
      if (isRetriable(error)) context.coordinators.forget(type, key)
      throw error
    }
  })
}

function nameOf(type: CoordinatorType, key: string): string {
  return `${type} ${key}`
}
