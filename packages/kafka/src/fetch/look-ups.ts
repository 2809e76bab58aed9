import type { ResponseBody } from '@sluice/kafka-protocol'
import { SluiceError, describeError } from '@sluice/sdk'
import { type Ask, type PartitionAnswer, type PartitionOutcome, askLeadersOnce } from '../by-leader.ts'
import { groupByTopic } from '../by-topic.ts'
import type { ClusterContext } from '../cluster.ts'
import { PLACE, askOffsets } from '../list-offsets.ts'
import type { ResetPolicy } from '../port.ts'
import { type FetchSettings, resetText } from './fetch-settings.ts'
import type { LookUp, PartitionState } from './partition-state.ts'

/** Where a leader epoch ends in the leader's log: the first offset that is not in it. */
interface EpochEnd {
  readonly epoch: number
  /** -1: the leader knows no such epoch. */
  readonly endOffset: number
}

/**
 * Finds positions out, for many partitions in one request per leader: where a reset policy puts one, and whether one is still
 * in the log that it was read from (KIP-320). One round at a time; what fails for now is left to `onFailure`.
 */
export class LookUps {
  readonly #context: ClusterContext
  readonly #settings: FetchSettings
  readonly #onFailure: (state: PartitionState) => void
  readonly #onDone: () => void
  readonly #isBusy: Record<LookUp, boolean> = { reset: false, epoch: false }

  constructor(
    context: ClusterContext,
    settings: FetchSettings,
    onFailure: (state: PartitionState) => void,
    onDone: () => void,
  ) {
    this.#context = context
    this.#settings = settings
    this.#onFailure = onFailure
    this.#onDone = onDone
  }

  /** Begins with these partitions, all of which want the same look-up. Those that come while one is under way are next. */
  start(lookUp: LookUp, states: readonly PartitionState[]): void {
    if (this.#isBusy[lookUp] || states.length === 0) return
    this.#isBusy[lookUp] = true
    for (const state of states) state.isLookedUp = true
    void (lookUp === 'reset' ? this.#reset(states) : this.#checkEpochs(states)).finally(() => {
      this.#isBusy[lookUp] = false
      for (const state of states) state.isLookedUp = false
      this.#onDone()
    })
  }

  async #reset(states: readonly PartitionState[]): Promise<void> {
    const { isolation, reset } = this.#settings
    const strict = reset === 'none' ? states : []
    for (const state of strict) state.fault = nowhere(state)
    if (reset === 'none') return
    const at = timeOf(reset, this.#context.clock.now())
    const ask = askOffsets(isolation, this.#context.requestTimeoutMs)
    const what = 'find where to begin'
    const first = await askLeadersOnce(what, queries(states, at), this.#context, ask)
    // No record at or after that time: what comes next will be the first one.
    const late = states.filter((_, i) => isBeyond(first[i]!))
    const ends = await askLeadersOnce(what, queries(late, PLACE.latest), this.#context, ask)
    const endOf = new Map(late.map((state, i) => [state, ends[i]!]))
    for (const [i, state] of states.entries()) {
      const outcome = endOf.get(state) ?? first[i]!
      if ('error' in outcome) {
        this.#failed(state, outcome.error, 'A position cannot be found yet')
        continue
      }
      const { offset, leaderEpoch } = outcome.answer
      if (state.position !== -1) {
        const { topic, partition, position: from } = state
        const facts = { topic, partition, from, to: offset, reset: resetText(reset) }
        this.#context.logger.warn('A position was out of range and has been moved', facts)
      }
      move(state, offset, leaderEpoch)
    }
  }

  async #checkEpochs(states: readonly PartitionState[]): Promise<void> {
    const outcomes = await askLeadersOnce('check for truncation', states, this.#context, askEpochEnds)
    for (const [i, state] of states.entries()) {
      const outcome = outcomes[i]!
      if ('answer' in outcome) this.#compare(state, outcome.answer)
      else this.#failed(state, outcome.error, 'A position cannot be checked yet')
    }
  }

  #compare(state: PartitionState, { epoch, endOffset }: EpochEnd): void {
    const isUnknown = endOffset < 0 || epoch < 0
    if (!isUnknown && endOffset >= state.position) {
      state.checkedEpoch = state.leaderEpoch
      return done(state)
    }
    const truncated = truncation(state, isUnknown ? null : endOffset)
    if (this.#settings.reset === 'none') {
      state.fault = truncated
      return done(state)
    }
    this.#context.logger.error('A log was truncated below what had been read', { error: describeError(truncated) })
    if (isUnknown) {
      state.lookUp = 'reset'
      return
    }
    move(state, endOffset, epoch)
  }

  #failed(state: PartitionState, error: SluiceError, what: string): void {
    const { topic, partition } = state
    if (!error.retriable) state.fault = error
    else if (!this.#context.signal.aborted) {
      this.#context.logger.debug(what, { topic, partition, error: describeError(error) })
    }
    this.#onFailure(state)
  }
}

const askEpochEnds: Ask<PartitionState, EpochEnd> = async (connection, states) => {
  const version = connection.version('OffsetForLeaderEpoch', { lowest: 3 })
  const { topics } = await connection.send('OffsetForLeaderEpoch', version, {
    replicaId: -1,
    topics: groupByTopic(states).map(([topic, group]) => ({
      topic,
      partitions: group.map(({ partition, leaderEpoch, positionEpoch }) => ({
        partition,
        currentLeaderEpoch: leaderEpoch,
        leaderEpoch: positionEpoch,
      })),
    })),
  })
  const ends = endsByPartition(topics)
  return states.map(({ topic, partition }) => ends.get(`${topic} ${partition}`) ?? { errorCode: -1 })
}

function endsByPartition(
  topics: ResponseBody<'OffsetForLeaderEpoch'>['topics'],
): Map<string, PartitionAnswer<EpochEnd>> {
  const ends = new Map<string, PartitionAnswer<EpochEnd>>()
  for (const { topic, partitions } of topics) {
    for (const { partition, errorCode, leaderEpoch, endOffset } of partitions) {
      const answer = { epoch: leaderEpoch, endOffset: Number(endOffset) }
      ends.set(`${topic} ${partition}`, errorCode === 0 ? { answer } : { errorCode })
    }
  }
  return ends
}

function queries(states: readonly PartitionState[], at: number) {
  return states.map(({ topic, partition }) => ({ topic, partition, at }))
}

function isBeyond(outcome: PartitionOutcome<{ readonly offset: number }>): boolean {
  return 'answer' in outcome && outcome.answer.offset === -1
}

function timeOf(reset: Exclude<ResetPolicy, 'none'>, now: number): number {
  if (typeof reset === 'string') return PLACE[reset]
  return 'timestamp' in reset ? reset.timestamp : Math.max(0, now - reset.durationMs)
}

function done(state: PartitionState): void {
  state.lookUp = null
  state.retryAt = 0
  state.failures = 0
}

function move(state: PartitionState, offset: number, leaderEpoch: number): void {
  state.ready = null
  state.position = offset
  state.positionEpoch = leaderEpoch
  state.checkedEpoch = state.leaderEpoch
  done(state)
}

function nowhere({ topic, partition, position }: PartitionState): SluiceError {
  const what = `partition ${partition} of ${topic}`
  const message = position === -1 ? `There is no position for ${what}` : `Offset ${position} of ${what} is not there`
  return new SluiceError('OFFSET_OUT_OF_RANGE', message, {
    place: position === -1 ? { topic, partition } : { topic, partition, offset: position },
    remedy:
      'Records may have expired before they were read. Set the position, or a reset policy: earliest, latest or a time.',
  })
}

function truncation({ topic, partition, position }: PartitionState, divergentOffset: number | null): SluiceError {
  const since = divergentOffset === null ? '' : ` from offset ${divergentOffset} on`
  const place = { topic, partition, offset: position, ...(divergentOffset === null ? {} : { divergentOffset }) }
  return new SluiceError(
    'LOG_TRUNCATED',
    `Partition ${partition} of ${topic} is not the log that was read: other records are there${since}`,
    {
      place,
      remedy:
        'What was read may never have been committed (an unclean leader election). Undo its effects, then set the position.',
    },
  )
}
