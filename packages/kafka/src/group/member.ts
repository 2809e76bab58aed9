import { RetriableError, SluiceError, type TopicPartition, describeError, isRetriable } from '@sluice/sdk'
import type { ClusterContext } from '../cluster.ts'
import { backoffMs } from '../deadline.ts'
import { errorName, refused } from '../kafka-errors.ts'
import type { CommittedOffset, GroupIdentity, GroupTenure } from '../port.ts'
import { verdictOn } from './answers.ts'
import { Bell } from './bell.ts'
import type { Dialogue, Refusal } from './dialogue.ts'
import type { Departure, GroupHooks, GroupMember } from './group-port.ts'
import { Heart, type Organism } from './heart.ts'
import { Membership } from './membership.ts'
import { CoordinatedOffsets } from './offsets.ts'
import { PlaceCommitter } from './place-committer.ts'
import { givenUp, memberClosed, silentTooLong, stuckTooLong } from './partings.ts'
import type { Due, VitalSigns } from './vital-signs.ts'

const CLOSE_TIMEOUT_MS = 30_000

/** What a member is made of, beside the cluster. */
export interface MemberParts {
  readonly groupId: string
  readonly instanceId: string | null
  readonly hooks: GroupHooks
  readonly signs: VitalSigns
  readonly dialogue: Dialogue
}

/**
 * A member of a group: does what `Membership` decides, one step after another, and tells it what became of that. Beside the
 * steps only the heart beats, and all it does is to change the membership.
 */
export class CoordinatedMember implements GroupMember, Organism {
  readonly #context: ClusterContext
  readonly #groupId: string
  readonly #hooks: GroupHooks
  readonly #membership: Membership
  readonly #signs: VitalSigns
  readonly #dialogue: Dialogue
  readonly #heart: Heart
  readonly #offsets: CoordinatedOffsets
  /** Rings when there may be another step to take. */
  readonly #changed = new Bell()
  /** Rings when a step was taken. */
  readonly #stepped = new Bell()
  #running: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #departure: Departure = 'default'
  #isStopped = false
  #joiners = 0
  #failures = 0
  #lastError: unknown

  constructor(context: ClusterContext, { groupId, instanceId, hooks, signs, dialogue }: MemberParts) {
    this.#context = context
    this.#groupId = groupId
    this.#hooks = hooks
    this.#signs = signs
    this.#dialogue = dialogue
    this.#membership = new Membership(groupId, instanceId)
    this.#heart = new Heart(context.clock, signs, this)
    this.#offsets = new CoordinatedOffsets(
      context,
      groupId,
      new PlaceCommitter(this.#membership, dialogue, {
        identity: () => this.identity(),
        lose: (cause, keepsMemberId) => this.#lose(cause, keepsMemberId),
        rejoin: (reason) => this.requestRejoin(reason),
      }),
    )
    context.opened.add(this)
  }

  async join(timeoutMs: number = this.#signs.rebalanceTimeoutMs + this.#context.requestTimeoutMs): Promise<void> {
    const until = this.#now() + timeoutMs
    this.#joiners++
    try {
      this.#signs.polled(this.#now())
      while (!this.#membership.isOwner) {
        this.#assertAlive()
        if (this.#membership.state === 'unjoined') this.#requestJoin('the member joins')
        const leftMs = until - this.#now()
        if (leftMs <= 0) throw this.#notJoined(timeoutMs)
        await this.#stepped.rung(this.#context.clock, leftMs)
      }
    } finally {
      this.#joiners--
    }
  }

  poll(): boolean {
    this.#assertAlive()
    this.#lookAtClock()
    this.#signs.polled(this.#now())
    if (this.#membership.revive()) this.#changed.ring()
    return this.#membership.isOwner
  }

  identity(): GroupIdentity {
    this.#lookAtClock()
    return this.#membership.identity()
  }

  tenure(): GroupTenure {
    const { groupId } = this.#membership.identity()
    const { tenure } = this.#membership
    return {
      groupId,
      identity: () => {
        const identity = this.identity()
        if (this.#membership.tenure === tenure) return identity
        throw givenUp(groupId)
      },
    }
  }

  requestRejoin(reason: string): void {
    if (this.#membership.state !== 'unjoined') this.#requestJoin(reason)
  }

  commit(offsets: readonly CommittedOffset[]): Promise<void> {
    return this.#offsets.commit(offsets)
  }

  committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    return this.#offsets.committed(partitions)
  }

  async leave(reason: string): Promise<void> {
    if (this.#running === undefined || this.#isStopped) return
    this.#membership.leave(reason)
    this.#dialogue.abandonJoin()
    this.#changed.ring()
    while (this.#membership.leaving !== undefined && !this.#isStopped) await this.#stepped.rung(this.#context.clock)
  }

  close(timeoutMs: number = CLOSE_TIMEOUT_MS, departure: Departure = 'default'): Promise<void> {
    return (this.#closing ??= this.#close(timeoutMs, departure))
  }

  get isInGroup(): boolean {
    return this.#membership.isInGroup
  }

  get isOwner(): boolean {
    return this.#membership.isOwner
  }

  act(due: Exclude<Due, 'nothing'>): void {
    if (due === 'heartbeat') void this.#beat()
    else if (due === 'session over') this.#lose(silentTooLong(this.#groupId, this.#signs.sessionTimeoutMs), true)
    else this.#rest()
  }

  #requestJoin(reason: string): void {
    this.#membership.requestJoin(reason)
    this.#running ??= this.#run()
    this.#changed.ring()
  }

  async #run(): Promise<void> {
    void this.#heart.run()
    while (!this.#isStopped) {
      const step = this.#membership.next()
      if (step === 'end') break
      if (step === 'wait') await this.#changed.rung(this.#context.clock)
      else await this.#take(step)
      this.#stepped.ring()
    }
    this.#heart.stop()
    this.#stepped.ring()
  }

  async #take(step: 'lose' | 'revoke' | 'hand over' | 'join' | 'leave'): Promise<void> {
    const membership = this.#membership
    if (step === 'join') return this.#join()
    if (step === 'leave') return this.#leave()
    if (step === 'hand over') {
      const assignment = membership.takeOver()
      if (this.#joiners > 0) this.#signs.polled(this.#now())
      await this.#hook('onAssigned', () => this.#hooks.onAssigned(assignment))
      membership.tookOver()
      if (membership.isOwner && membership.failure === undefined) this.#dialogue.acknowledge(assignment)
      return
    }
    const { lost } = membership
    membership.releasing()
    if (step === 'lose') await this.#hook('onLost', () => this.#hooks.onLost(lost!))
    else await this.#hook('onRevoked', () => this.#hooks.onRevoked?.())
    membership.released()
  }

  /** A hook that runs is progress, as `poll` is: it may take as long. */
  async #hook(name: string, run: () => void | Promise<void>): Promise<void> {
    this.#signs.polled(this.#now())
    try {
      await run()
    } catch (cause) {
      const what = `${name} has failed, so the member leaves group ${this.#groupId}`
      const error = new SluiceError('INTERNAL', what, { cause, place: { group: this.#groupId } })
      this.#fail(error, true)
    }
    this.#signs.polled(this.#now())
  }

  async #join(): Promise<void> {
    const reason = this.#membership.startJoin()
    const { attempt } = this.#membership
    try {
      const refusal = await this.#dialogue.join(this.#membership, reason)
      if (this.#membership.attempt !== attempt) return
      if (refusal === undefined) {
        this.#failures = 0
        return
      }
      await this.#joinRefused(refusal)
    } catch (cause) {
      if (this.#membership.attempt !== attempt) return
      this.#membership.joinFailed(`the last attempt failed: ${describeError(cause)}`)
      if (this.#membership.leaving !== undefined || this.#isStopped) return
      if (!isRetriable(cause)) return this.#fail(asSluiceError(cause, this.#groupId), true)
      this.#lastError = cause
      this.#forgetCoordinator()
      await this.#pause()
    }
  }

  async #joinRefused(refusal: Refusal): Promise<void> {
    const verdict = verdictOn(refusal.api, refusal.errorCode)
    if (verdict === 'named') {
      // At once, but to whoever has given a name before and gives one again.
      const isRenamed = this.#membership.place.memberId !== ''
      this.#membership.named(refusal.memberId ?? '')
      return isRenamed ? this.#pause() : undefined
    }
    const error = this.#refused(refusal)
    if (verdict === 'fail') return this.#fail(error, false)
    this.#lastError = error
    if (verdict === 'find') this.#forgetCoordinator()
    if (verdict === 'lost' || verdict === 'demoted') this.#lose(error, verdict === 'demoted')
    else this.#membership.joinFailed(`${refusal.api} was answered with ${errorName(refusal.errorCode)}`)
    await this.#pause()
  }

  async #beat(): Promise<void> {
    const { attempt } = this.#membership
    const sentAt = this.#now()
    this.#signs.beatStarted()
    let nextAt = sentAt + this.#signs.heartbeatIntervalMs
    try {
      const refusal = await this.#dialogue.heartbeat(this.#membership)
      if (this.#membership.attempt !== attempt) return
      if (refusal === undefined) this.#signs.confirmed(sentAt)
      else if (this.#beatRefused(refusal, sentAt)) nextAt = this.#now() + backoffMs(1, this.#context.random)
      else nextAt = sentAt + this.#signs.heartbeatIntervalMs
    } catch (cause) {
      if (this.#membership.attempt !== attempt || this.#isStopped) return
      if (!isRetriable(cause)) return this.#fail(asSluiceError(cause, this.#groupId), true)
      this.#forgetCoordinator()
      nextAt = this.#now() + backoffMs(1, this.#context.random)
    } finally {
      this.#signs.beatEnded(nextAt)
      this.#changed.ring()
    }
  }

  /** Returns whether the heartbeat is to be repeated soon. */
  #beatRefused(refusal: Refusal, sentAt: number): boolean {
    const verdict = verdictOn(refusal.api, refusal.errorCode)
    if (verdict === 'fail') this.#fail(this.#refused(refusal), false)
    else if (verdict === 'lost' || verdict === 'demoted') this.#lose(this.#refused(refusal), verdict === 'demoted')
    else if (verdict === 'rejoin') {
      // The coordinator knows us, and waits for us to join.
      this.#signs.confirmed(sentAt)
      if (this.#membership.state === 'stable') this.#membership.requestJoin('group is already rebalancing')
    } else {
      if (verdict === 'find') this.#forgetCoordinator()
      return true
    }
    return false
  }

  /** What the timer would have found, had JavaScript yielded. */
  #lookAtClock(): void {
    const { isInGroup, isOwner } = this.#membership
    const now = this.#now()
    if (isInGroup ? !this.#signs.isSessionOver(now) : !(isOwner && this.#signs.wasStarved(now))) return
    this.#lose(silentTooLong(this.#groupId, this.#signs.sessionTimeoutMs), true)
  }

  #lose(cause: SluiceError, keepsMemberId: boolean): void {
    this.#context.logger.warn('A group member has lost its place', { group: this.#groupId, error: cause.message })
    this.#membership.lose(cause, keepsMemberId)
    this.#changed.ring()
  }

  /** The caller is stuck: somebody else shall do its work. */
  #rest(): void {
    const cause = stuckTooLong(this.#groupId, this.#signs.rebalanceTimeoutMs)
    this.#context.logger.warn('A group member leaves', { group: this.#groupId, error: cause.message })
    const { place } = this.#membership
    this.#membership.rest(cause)
    void this.#tell(place, 'consumer poll timeout has expired.', 'default')
    this.#changed.ring()
  }

  #fail(cause: SluiceError, tells: boolean): void {
    this.#membership.fail(cause, tells)
    this.#changed.ring()
  }

  async #leave(): Promise<void> {
    const { leaving } = this.#membership
    await this.#tell(this.#membership.depart(), leaving ?? '', this.#departure)
    this.#membership.left()
  }

  async #tell(place: GroupIdentity, reason: string, departure: Departure): Promise<void> {
    await this.#dialogue.leave(place, reason, departure).catch((error: unknown) => {
      // The session ends by itself.
      this.#context.logger.debug('The coordinator was not told of a departure', { error: describeError(error) })
    })
  }

  async #close(timeoutMs: number, departure: Departure): Promise<void> {
    this.#departure = departure
    this.#membership.close()
    this.#dialogue.abandonJoin()
    this.#changed.ring()
    if (this.#running !== undefined && timeoutMs > 0) {
      const isDone = new AbortController()
      await Promise.race([this.#running, this.#context.clock.sleep(timeoutMs, isDone.signal)])
      isDone.abort()
    }
    this.#isStopped = true
    this.#heart.stop()
    this.#changed.ring()
    this.#stepped.ring()
    this.#dialogue.close()
    this.#context.opened.delete(this)
  }

  async #pause(): Promise<void> {
    const ms = backoffMs(++this.#failures, this.#context.random)
    await this.#changed.rung(this.#context.clock, ms)
  }

  #forgetCoordinator(): void {
    this.#context.coordinators.forget('group', this.#groupId)
  }

  #refused({ api, errorCode, message }: Refusal): SluiceError {
    return refused(
      errorCode,
      `${api} was refused to a member of group ${this.#groupId}`,
      { group: this.#groupId },
      message,
    )
  }

  #assertAlive(): void {
    if (this.#membership.failure !== undefined) throw this.#membership.failure
    if (this.#closing !== undefined) throw memberClosed(this.#groupId)
  }

  #notJoined(timeoutMs: number): SluiceError {
    return new RetriableError('KAFKA_TIMEOUT', `No place in group ${this.#groupId} within ${timeoutMs} ms`, {
      cause: this.#lastError,
      place: { group: this.#groupId },
      remedy: 'Look for a member that does not give up its work, or wait longer.',
    })
  }

  #now(): number {
    return this.#context.clock.monotonic()
  }
}

function asSluiceError(cause: unknown, group: string): SluiceError {
  if (cause instanceof SluiceError) return cause
  return new SluiceError('INTERNAL', `A member of group ${group} has failed`, { cause, place: { group } })
}
