import { RetriableError, SluiceError, type TopicPartition, isRetriable } from '@sluice/sdk'
import { type Ask, askLeadersOnce } from '../by-leader.ts'
import type { ClusterContext } from '../cluster.ts'
import { type CoordinatorType, coordinatorOf } from '../coordinator.ts'
import { Deadline, backoffMs, retrying } from '../deadline.ts'
import { KAFKA_ERROR, refused } from '../kafka-errors.ts'
import type { Connection } from '../wire/connection.ts'
import type { Outcome } from './admin-port.ts'

/** What one round said of an item. */
export type Answer<V> = { readonly value: V } | { readonly error: SluiceError }
export type Answers<K, V> = ReadonlyMap<K, Answer<V>>

/** A new topic is not known to every broker at once: how long "unknown" may mean "not yet". */
const UNKNOWN_MS = 2000

/** Retriable for those who wait for a leader; to whoever asked for an election they are the answer. */
const FINAL: ReadonlySet<string> = new Set([
  'ELECTION_NOT_NEEDED',
  'PREFERRED_LEADER_NOT_AVAILABLE',
  'ELIGIBLE_LEADERS_NOT_AVAILABLE',
])

/** Sends the requests of the admin verbs where they belong, and keeps on until each item has its answer. */
export class AdminRequests {
  readonly context: ClusterContext

  constructor(context: ClusterContext) {
    this.context = context
  }

  deadline(): Deadline {
    return new Deadline(this.context.clock, this.context.requestTimeoutMs)
  }

  /** One request that succeeds or fails as a whole. */
  once<T>(what: string, attempt: (deadline: Deadline) => Promise<T>): Promise<T> {
    const deadline = this.deadline()
    return retrying(what, deadline, this.context, () => attempt(deadline))
  }

  /** KRaft brokers forward to the controller; older clusters want to be asked there. */
  controller(): Promise<Connection> {
    const { metadata, links } = this.context
    const { controllerId } = metadata
    return metadata.addressOf(controllerId) === undefined ? metadata.anyBroker() : links.to(controllerId)
  }

  any(): Promise<Connection> {
    return this.context.metadata.anyBroker()
  }

  /**
   * Repeats rounds about those items that are refused retriably, until each has its answer or the time is over; then the last
   * refusal is its answer. Rejects only if a round failed as a whole and no item has been answered.
   */
  async outcomes<K, V>(
    what: string,
    items: readonly K[],
    round: (left: readonly K[], deadline: Deadline) => Promise<Answers<K, V>>,
    unknownMs = 0,
  ): Promise<Outcome<K, V>[]> {
    const { clock, random, signal, metadata } = this.context
    const deadline = this.deadline()
    const unknown = new Deadline(clock, Math.min(unknownMs, deadline.timeoutMs))
    const settled = new Map<K, Answer<V>>()
    for (let failures = 1; ; failures++) {
      const left = items.filter((item) => !settled.has(item))
      if (left.length === 0) break
      const answers = await this.#round(what, left, settled.size === 0, deadline, () => round(left, deadline))
      const pauseMs = backoffMs(failures, random)
      const isLast = signal.aborted || pauseMs >= deadline.remainingMs
      let isStale = false
      for (const item of left) {
        const answer = answers.get(item) ?? { error: refused(KAFKA_ERROR.UNKNOWN_SERVER_ERROR, `No answer: ${what}`) }
        if ('value' in answer || isLast || !mayPass(answer.error, unknown)) settled.set(item, answer)
        else isStale ||= answer.error.place?.['error'] === 'NOT_CONTROLLER'
      }
      if (settled.size === items.length) break
      if (isStale) metadata.refreshSoon()
      await clock.sleep(pauseMs, signal)
    }
    return items.map((item) => outcome(item, settled.get(item)!))
  }

  /** As `outcomes`, each item asked of the leader of its partition. */
  ofLeaders<P extends TopicPartition, V>(what: string, items: readonly P[], ask: Ask<P, V>): Promise<Outcome<P, V>[]> {
    return this.outcomes(
      what,
      items,
      async (left) => {
        const found = await askLeadersOnce(what, left, this.context, ask)
        return new Map(left.map((item, i) => [item, answerOf(found[i]!)]))
      },
      UNKNOWN_MS,
    )
  }

  /** As `outcomes`, each key asked of its coordinator, the keys of one coordinator together. */
  ofCoordinators<V>(
    what: string,
    type: CoordinatorType,
    keys: readonly string[],
    ask: (connection: Connection, keys: readonly string[]) => Promise<Answers<string, V>>,
  ): Promise<Outcome<string, V>[]> {
    const { coordinators } = this.context
    return this.outcomes(what, [...new Set(keys)], async (left) => {
      const answers = new Map<string, Answer<V>>()
      const groups = new Map<number, string[]>()
      for (const [key, found] of await coordinators.findAll(type, left)) {
        if ('nodeId' in found) groups.set(found.nodeId, [...(groups.get(found.nodeId) ?? []), key])
        else answers.set(key, { error: found })
      }
      const asked = [...groups.values()].map(async (group) => {
        try {
          return await ask(await coordinatorOf(this.context, type, group[0]!), group)
        } catch (error) {
          return new Map(group.map((key) => [key, { error: asSluiceError(what, error) }]))
        }
      })
      for (const found of await Promise.all(asked)) for (const [key, answer] of found) answers.set(key, answer)
      // It may have moved: asking again is cheap.
      for (const [key, answer] of answers) if ('error' in answer) coordinators.forget(type, key)
      return answers
    })
  }

  /** One attempt at the coordinator of a key; a failure that can be retried makes the next one look for it again. */
  async atCoordinator<T>(
    type: CoordinatorType,
    key: string,
    attempt: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    try {
      return await attempt(await coordinatorOf(this.context, type, key))
    } catch (error) {
      if (isRetriable(error)) this.context.coordinators.forget(type, key)
      throw error
    }
  }

  /** Asks every broker (or those given), each until it answers. The outcomes are in the order of the ids. */
  async ofBrokers<V>(
    what: string,
    ask: (connection: Connection) => Promise<V>,
    brokers?: readonly number[],
  ): Promise<Outcome<number, V>[]> {
    const { metadata, links } = this.context
    if (brokers === undefined) await this.once(what, () => metadata.refresh())
    const ids = brokers ?? metadata.brokerIds
    return this.outcomes(what, ids, async (left) => {
      const answers = left.map(async (id): Promise<[number, Answer<V>]> => {
        try {
          return [id, { value: await ask(await links.to(id)) }]
        } catch (error) {
          return [id, { error: asSluiceError(what, error) }]
        }
      })
      return new Map(await Promise.all(answers))
    })
  }

  /** A round that fails as a whole is an answer to each of its items, unless nothing at all has been answered yet. */
  async #round<K, V>(
    what: string,
    left: readonly K[],
    isFirst: boolean,
    deadline: Deadline,
    attempt: () => Promise<Answers<K, V>>,
  ): Promise<Answers<K, V>> {
    if (isFirst) return retrying(what, deadline, this.context, attempt)
    try {
      return await attempt()
    } catch (error) {
      return new Map(left.map((item) => [item, { error: asSluiceError(what, error) }]))
    }
  }
}

/** The values of outcomes. @throws SluiceError that names every refusal, if there is one; retriable if all of them are */
export function valuesOf<K, V>(outcomes: readonly Outcome<K, V>[]): V[] {
  const errors = outcomes.flatMap(({ error }) => (error === null ? [] : [error]))
  const [first] = errors
  if (first === undefined) return outcomes.map(({ value }) => value as V)
  if (errors.length === 1) throw first
  const texts = errors.map(({ message }) => message).join('; ')
  const Kind = errors.every(isRetriable) ? RetriableError : SluiceError
  throw new Kind(first.code, `${errors.length} of ${outcomes.length} were refused: ${texts}`, {
    cause: first,
    ...(first.remedy === undefined ? {} : { remedy: first.remedy }),
    ...(first.place === undefined ? {} : { place: first.place }),
  })
}

/** The answer for an error code: the value if it is 0. */
export function answered<V>(
  code: number,
  value: V,
  what: string,
  place: Readonly<Record<string, string | number>>,
  message: string | null = null,
): Answer<V> {
  return code === KAFKA_ERROR.NONE ? { value } : { error: refused(code, what, place, message) }
}

function answerOf<V>(found: { readonly answer: V } | { readonly error: SluiceError }): Answer<V> {
  return 'answer' in found ? { value: found.answer } : found
}

function outcome<K, V>(item: K, answer: Answer<V>): Outcome<K, V> {
  return 'value' in answer ? { item, value: answer.value, error: null } : { item, value: null, error: answer.error }
}

/** Whether asking again may bring another answer. */
function mayPass(error: SluiceError, unknown: Deadline): boolean {
  const name = String(error.place?.['error'])
  return error.retriable && !FINAL.has(name) && (name !== 'UNKNOWN_TOPIC_OR_PARTITION' || !unknown.isOver)
}

function asSluiceError(what: string, error: unknown): SluiceError {
  return error instanceof SluiceError ? error : new SluiceError('INTERNAL', `Cannot ${what}`, { cause: error })
}
