/**
 * The conductor of a Streams application's record path: fetch → decode → process → encode → produce → commit, for the tasks that its
 * place in the group gives it. Tasks come and go with rebalances; the others go on meanwhile.
 *
 * What a commit covers is decided in one moment: stores give what they hold back to the output, positions are read, and from then on
 * everything belongs to the next commit.
 */
import { setImmediate as afterIo } from 'node:timers/promises'
import type { ConsumerMember, Fetcher } from '@sluice/kafka'
import { describeError, SluiceError, type TopicPartition } from '@sluice/sdk'
import type { StreamTask } from '../../record-path/stream-task.ts'
import type { ParkedRecord, TaskPartition } from '../../record-path/task-contract.ts'
import { CallsUnderWay } from './calls-under-way.ts'
import { Assigned } from './assigned.ts'
import { Changes, type Change } from './changes.ts'
import { commitsFailed, isForNow } from './commit-failures.ts'
import { Fetching } from './fetching.ts'
import type { Finish } from './finish.ts'
import { giveUp } from './give-up.ts'
import { HandOver } from './hand-over.ts'
import { isDoneBefore, isDoneIn, isDoneInStop } from './in-time.ts'
import { commitLast } from './last-commit.ts'
import { keyOf } from '../partition-key.ts'
import { Preparations } from './preparations.ts'
import type { ThreadParts, ThreadSettings } from './thread-parts.ts'

export class StreamThread {
  readonly #settings: ThreadSettings
  readonly #parts: ThreadParts
  readonly #changes = new Changes(() => this.#ring())
  #member: ConsumerMember | null = null
  #wake = new AbortController()
  readonly #preparations: Preparations
  readonly #assigned: Assigned
  #failure: { readonly error: unknown } | null = null
  #committing: Promise<void> | null = null
  #failingSince: number | null = null
  /** The last reason why a commit has failed. */
  #commitFailure: unknown = null
  #lastCommitAt: number
  /** A processor has asked for one. */
  #isCommitWanted = false
  readonly #calls: CallsUnderWay
  readonly #handOver: HandOver
  readonly #isEnding = new AbortController()
  readonly #fetching: Fetching
  /** Have something to go on with, though nothing has come. */
  readonly #resumed = new Set<StreamTask>()

  constructor(settings: ThreadSettings, parts: ThreadParts) {
    this.#settings = settings
    this.#parts = parts
    const { fetcher, tasks, pauses, logger } = parts
    this.#preparations = new Preparations({
      tasks,
      committed: (partitions) => this.#member!.committed(partitions),
      onEnd: (failure) => {
        if (failure !== null) this.#failure ??= failure
        this.#ring()
      },
    })
    this.#assigned = new Assigned({ tasks, preparations: this.#preparations })
    this.#calls = new CallsUnderWay(tasks)
    this.#fetching = new Fetching({ fetcher, tasks, pauses, queuedBytesMax: settings.bufferedBytesMax, logger })
    this.#lastCommitAt = parts.clock.monotonic()
    this.#handOver = new HandOver(parts, settings, this.#calls, () => void (this.#isCommitWanted = true))
  }

  /** Everything that is assigned runs, and no record is begun and not done with. */
  get isSettled(): boolean {
    return this.#preparations.isEmpty && this.#changes.areNone && this.#calls.areOver
  }

  partitions(): readonly TaskPartition[] {
    return Array.from(this.#parts.tasks.all).flatMap((task) => task.partitions)
  }

  /** For the member's hooks. A revocation resolves when what was processed is committed and the tasks are closed. */
  readonly hooks = {
    onAssigned: (partitions: readonly TopicPartition[]): void => {
      this.#changes.ask({ kind: 'assigned', partitions })
    },
    onRevoked: (partitions: readonly TopicPartition[]): Promise<void> => {
      const done = new Promise<void>((resolve) => this.#changes.ask({ kind: 'revoked', partitions, done: resolve }))
      return this.#parts.tasks.askOthers ? this.#inTime(done, partitions) : done
    },
    // At once: from now on nothing may be committed, whatever the thread is at.
    onLost: (_partitions: readonly TopicPartition[], cause: SluiceError): void => this.fail(cause),
  }

  /** Ends the run: something that it needs has failed. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#ring()
  }

  /**
   * Runs until the signal is aborted or `finish` says so, then commits what is durable. Resolves to what stopped it: null, or the
   * error of the record that it stopped before. `drained` is false when the stop took too long. The tasks are left as they are, for
   * whoever wants to know where they stand.
   * @throws what failed on the way
   */
  async run(
    member: ConsumerMember,
    signal: AbortSignal,
    finish: Pick<Finish, 'isOver'>,
  ): Promise<{ readonly stop: SluiceError | null; readonly drained: boolean }> {
    this.#member = member
    const { writer, clock } = this.#parts
    const { bufferedBytesMax, closeTimeoutMs } = this.#settings
    let stop: SluiceError | null = null
    const onAbort = (): void => this.#ring()
    signal.addEventListener('abort', onAbort, { once: true })
    const forgetPauses = this.#parts.pauses.onChange(() => this.#ring())
    try {
      while (stop === null && !signal.aborted) {
        this.#throwFailures()
        const { areNone } = this.#changes
        const applied = this.#applyChanges()
        // The calls that a revocation waits for may take longer than a stop may.
        if (!areNone && !(await isDoneInStop(signal, closeTimeoutMs, clock, applied))) return { stop, drained: false }
        await applied
        if (await finish.isOver(this)) break
        for (const task of this.#fetching.applyPauses()) this.#resumed.add(task)
        member.poll()
        await writer.room(bufferedBytesMax, signal)
        const arrived = await this.#poll()
        if (this.#wake.signal.aborted) this.#wake = new AbortController()
        for (const fetched of arrived) {
          const task = this.#parts.tasks.of(fetched)
          if (task === undefined) continue
          task.take(fetched)
          this.#fetching.hear(task)
          stop = this.#round(task)
          this.#fetching.balance(task)
          if (stop !== null) break
          await writer.room(bufferedBytesMax, signal)
          await afterIo()
          if (signal.aborted) break
        }
        stop ??= this.#goOn() ?? this.#punctuate()
        if (stop === null) this.#commitIfDue()
        // A snapshot is of what is committed: nothing is processed until it is cut.
        const mayNot =
          writer.holdsWhileCommitting || this.#parts.tasks.areOnDisk || this.#parts.snapshots?.isDue === true
        if (mayNot && this.#committing !== null) await isDoneBefore(signal, this.#committing)
      }
      // So may those that a commit waits for.
      const isOver = await isDoneIn(closeTimeoutMs, clock, () => this.#committing ?? Promise.resolve())
      if (!isOver) return { stop, drained: false }
      this.#throwFailures()
      // The next start goes on from the last commit.
      if (stop !== null && this.#parts.tasks.areEntangled) return { stop, drained: true }
      const drained = await commitLast({
        commit: () => this.commit(),
        applyChanges: () => this.#applyChanges(),
        isBroken: () => writer.failure !== null,
        timeoutMs: closeTimeoutMs,
        clock,
      })
      return { stop, drained }
    } finally {
      signal.removeEventListener('abort', onAbort)
      forgetPauses()
      this.#isEnding.abort(null)
      this.#changes.end()
      await this.#preparations.end()
    }
  }

  /** Everything processed so far is durable and committed when it resolves. */
  async commit(): Promise<void> {
    await this.#committing
    await this.#commit(false)
  }

  /** Does some work while all that was processed is committed and nothing more is processed. @throws what the commit, or the work, throws */
  standingStill(work: () => Promise<void>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const done = (failure: { error: unknown } | null): void => (failure === null ? resolve() : reject(failure.error))
    this.#changes.ask({ kind: 'still', work, done })
    return promise
  }

  /** The offset behind the last record that it has put into a partition; 0: none. */
  written(partition: TopicPartition): number {
    return this.#parts.writer.written.get(keyOf(partition)) ?? 0
  }

  async #poll(): ReturnType<Fetcher['poll']> {
    const { fetcher, clock, threadMetrics } = this.#parts
    const startedAt = clock.monotonic()
    const arrived = await fetcher.poll(this.#pollTimeout(), this.#wake.signal)
    threadMetrics.polled(arrived, clock.monotonic() - startedAt)
    return arrived
  }

  #round(task: StreamTask): SluiceError | null {
    const { metrics, threadMetrics, clock } = this.#parts
    const startedAt = clock.monotonic()
    const figures = this.#handOver.begin()
    const stop = task.run()
    // Nothing tells the next attempt what a record that is to be run again has left in stores: a `dedupe` would take it for its own repetition.
    if (stop !== null && this.#parts.tasks.areEntangled) this.#parts.changelogs.take()
    this.#handOver.putOutBy(task)
    this.#handOver.round()
    const processMs = clock.monotonic() - startedAt
    metrics.round(task, { ...figures, processMs })
    threadMetrics.round(task, processMs)
    for (const parked of task.takeParked()) this.#park(task, parked)
    return stop
  }

  /** The task has stopped before a record that failed, of that partition alone. */
  #park({ subtopology }: StreamTask, parked: ParkedRecord): void {
    const { topic, partition, offset, error } = parked
    const { logger, pauses } = this.#parts
    logger.error('A partition is paused before a record that failed, until it is resumed', {
      topic,
      partition,
      offset,
      error: describeError(error),
    })
    pauses.park(subtopology, parked)
  }

  /** Tasks that have waited for a partition for long enough. */
  #goOn(): SluiceError | null {
    const now = this.#parts.clock.monotonic()
    for (const task of this.#parts.tasks.all) {
      const { waitsUntil, calls } = task
      if (!this.#resumed.delete(task) && !calls.hasFinished && waitsUntil > now) continue
      this.#fetching.hear(task)
      const stop = this.#round(task)
      this.#fetching.balance(task)
      if (stop !== null) return stop
    }
    this.#resumed.clear()
    return null
  }

  #punctuate(): SluiceError | null {
    const { tasks, clock, threadMetrics } = this.#parts
    const startedAt = clock.monotonic()
    let calls = 0
    for (const task of tasks.all) {
      const before = task.punctuated
      const stop = task.punctuate()
      if (stop !== null) return stop
      this.#handOver.putOutBy(task)
      calls += task.punctuated - before
    }
    if (calls > 0) threadMetrics.punctuated(calls, clock.monotonic() - startedAt)
    this.#handOver.round()
    return null
  }

  #ring(): void {
    this.#wake.abort(null)
  }

  /** What the group has asked for, in its order; and tasks whose stores are complete by now. */
  async #applyChanges(): Promise<void> {
    for (let change = this.#changes.next(); change !== undefined; change = this.#changes.next()) {
      if (change.kind === 'assigned') await this.#revoke(this.#assigned.add(change.partitions))
      else if (change.kind === 'still') await this.#standStill(change)
      else {
        this.#assigned.remove(change.partitions)
        await this.#revoke(change.partitions).finally(change.done)
      }
    }
    this.#preparations.begin(this.#assigned.idle, this.#isEnding.signal)
    for (const { tasks, committed } of await this.#preparations.takeDone()) {
      this.#parts.tasks.begin(tasks, committed)
      for (const task of tasks) {
        this.#parts.metrics.started(task)
        this.#parts.threadMetrics.started(task)
        task.calls.onFinished = () => this.#ring()
        task.isHeld = this.#calls.areAwaited
      }
      this.#fetching.assign()
    }
    this.#parts.onSettled(this.#preparations.isEmpty)
  }

  async #standStill({ work, done }: Change & { readonly kind: 'still' }): Promise<void> {
    try {
      await this.commit()
      await work()
      done(null)
    } catch (error) {
      done({ error })
    }
  }

  async #revoke(partitions: readonly TopicPartition[]): Promise<void> {
    if (partitions.length === 0) return
    await this.#preparations.forget(partitions)
    const { tasks } = this.#parts
    const areOurs = (): boolean => partitions.some((partition) => tasks.of(partition) !== undefined)
    if (areOurs())
      await this.commit().catch((error: unknown) => {
        if (areOurs()) throw error
        // They were given up meanwhile: it was for the others.
        this.#commitFailed(error)
      })
    await tasks.close(partitions)
    this.#fetching.assign()
  }

  /** Others wait for what is taken away, and calls of user code take as long as they take. */
  async #inTime(done: Promise<void>, partitions: readonly TopicPartition[]): Promise<void> {
    const own = { handOver: this.#handOver, fetching: this.#fetching, preparations: this.#preparations }
    const [parts, waitsMs] = [{ ...this.#parts, ...own }, this.#settings.callsTimeoutMs]
    await this.#calls.orInstead(done, waitsMs, parts.clock, () =>
      giveUp(partitions, waitsMs, parts).catch((error: unknown) => this.fail(error)),
    )
  }

  #throwFailures(): void {
    const { writer, clock } = this.#parts
    if (this.#failure !== null) throw this.#failure.error
    if (writer.failure !== null) throw writer.failure.error
    if (this.#failingSince !== null && clock.monotonic() - this.#failingSince > this.#settings.taskTimeoutMs)
      throw commitsFailed(this.#commitFailure)
  }

  #pollTimeout(): number {
    const now = this.#parts.clock.monotonic()
    let timeoutMs = this.#settings.pollTimeoutMs
    if (this.#resumed.size > 0) return 0
    for (const { waitsUntil } of this.#parts.tasks.all) timeoutMs = Math.min(timeoutMs, waitsUntil - now)
    if (this.#committing === null)
      timeoutMs = Math.min(timeoutMs, this.#lastCommitAt + this.#settings.commitIntervalMs - now)
    return Math.max(0, timeoutMs)
  }

  #commitIfDue(): void {
    const now = this.#parts.clock.monotonic()
    for (const task of this.#parts.tasks.all) this.#isCommitWanted = task.takeCommitRequest() || this.#isCommitWanted
    if (this.#committing !== null) return
    if (!this.#isCommitWanted && now - this.#lastCommitAt < this.#settings.commitIntervalMs) return
    this.#isCommitWanted = false
    this.#lastCommitAt = now
    this.#committing = this.#commit(true)
      .catch((error: unknown) => this.#commitFailed(error))
      .finally(() => {
        this.#committing = null
        this.#ring()
      })
  }

  /** While the group rebalances a commit may be refused for now. Anything else ends the run. */
  #commitFailed(error: unknown): void {
    this.#commitFailure = error
    if (isForNow(error)) this.#failingSince ??= this.#parts.clock.monotonic()
    else this.#failure ??= { error }
    this.#parts.logger.warn('A commit failed', { error: describeError(error) })
  }

  /** @param goesOn whether another commit comes */
  async #commit(goesOn: boolean): Promise<void> {
    this.#throwFailures()
    const { tasks, writer, metrics, threadMetrics, snapshots, clock } = this.#parts
    const startedAt = clock.monotonic()
    // Asked now: whoever goes on while this is under way has asked at the same moment.
    const isCutDue = snapshots?.isDue === true
    const stop = await this.#calls.over((task) => this.#round(task))
    if (stop !== null) {
      // Its position stands behind the record that has failed: whoever has asked for the commit, nothing more is committed.
      this.#failure ??= { error: stop }
      throw stop
    }
    // The thread may have lost its place meanwhile, or have ended: its tasks have no calls any more then, and are closed.
    this.#throwFailures()
    if (this.#isEnding.signal.aborted)
      throw new SluiceError('INTERRUPTED', 'The thread ended before the calls were over')
    // Where there is none for now nothing is put out, or the transaction would be open until there is, and the next calls are over.
    if (this.#handOver.waitsForCommit) this.#member!.tenure()
    for (const task of tasks.all) task.flush()
    this.#handOver.all()
    const moved = tasks.uncommitted()
    for (const task of this.#calls.goOn()) this.#resumed.add(task)
    // What a punctuator puts out is committed too, and only by whoever still holds the tasks: that is asked with an offset.
    const offsets = moved.length === 0 && writer.isOpen ? tasks.anyOffset() : moved
    await writer.commit(offsets)
    tasks.hasCommitted(offsets)
    tasks.persist(writer.written, goesOn && !isCutDue)
    if (isCutDue) snapshots?.take(tasks.cut())
    this.#failingSince = null
    this.#parts.onCommitted(offsets.length > 0)
    if (offsets.length === 0) return
    metrics.committed()
    threadMetrics.committed(clock.monotonic() - startedAt)
    this.#parts.purge.committed(offsets)
  }
}
