/**
 * Several tasks of one connector in this process that write the same table commit together: one entry of its log instead of one each,
 * and no races between them. Nobody coordinates: whoever commits first waits a moment for those that are about to, and commits for all.
 *
 * A commit is what it was: each request keeps its own claims, so a zombie among them is found out, and it alone is fenced, because
 * when a common commit fails each commits by itself. When its outcome is unknown, each settles its own request alone, under the common
 * id besides its own, before it takes part in another one. So whoever dies or hangs before a round holds up the others for the
 * wait, and no longer; whoever hangs while carrying one out, until their own patience is over.
 */
import { isRetriable } from '@sluice/sdk'
import type { Clock } from '@sluice/sdk'
import { checkWanted } from '@sluice/object-store'
import type { AppendRequest, AppendTogether, DeltaTable } from '@sluice/lake'

export interface MemberOptions {
  /** How long its commits wait for those of others; 0: it commits by itself. */
  readonly waitMs: number
  readonly clock: Clock
  readonly newId: () => string
  /** Whether it has rows that are worth a commit, if others commit. Asked often. */
  readonly isReady: () => boolean
}

interface Entry {
  readonly member: GroupMember
  readonly table: DeltaTable
  readonly request: AppendRequest
  readonly signal: AbortSignal | undefined
  /** By the monotonic clock. */
  readonly at: number
}

type Outcome = { readonly version: number } | { readonly error: unknown }

/** A common commit: it gathers, then it is carried out by the first. */
class Round {
  readonly id: string
  readonly entries: Entry[] = []
  readonly #appIds = new Set<string>()
  readonly #outcome = Promise.withResolvers<Outcome>()
  #onJoin: (() => void) | undefined

  constructor(id: string) {
    this.id = id
  }

  get outcome(): Promise<Outcome> {
    return this.#outcome.promise
  }

  /** False: the same progress is in it already, which is somebody's who should not be. */
  join(entry: Entry): boolean {
    const { txns } = entry.request
    if (txns.some(({ appId }) => this.#appIds.has(appId))) return false
    for (const { appId } of txns) this.#appIds.add(appId)
    this.entries.push(entry)
    this.#onJoin?.()
    return true
  }

  has(member: GroupMember): boolean {
    return this.entries.some((entry) => entry.member === member)
  }

  /** Until somebody joins, or so long. */
  async nextJoin(clock: Clock, ms: number): Promise<void> {
    const enough = new AbortController()
    this.#onJoin = () => enough.abort()
    await clock.sleep(ms, enough.signal)
    this.#onJoin = undefined
  }

  end(outcome: Outcome): void {
    this.#outcome.resolve(outcome)
  }

  get request(): AppendRequest {
    const requests = this.entries.map(({ request }) => request)
    return {
      txnId: this.id,
      files: requests.flatMap(({ files }) => files),
      txns: requests.flatMap(({ txns }) => txns),
      offsets: Object.assign({}, ...requests.map(({ offsets }) => offsets)) as AppendRequest['offsets'] & {},
      rows: Object.assign({}, ...requests.map(({ rows }) => rows)) as AppendRequest['rows'] & {},
    }
  }
}

class CommitGroup {
  readonly members = new Set<GroupMember>()
  /** That which gathers. */
  #round: Round | undefined
  /** When the last one began, by the monotonic clock. */
  roundAt = -Infinity

  async append(entry: Entry): Promise<Outcome & { readonly round: Round | undefined }> {
    const { member, table, request, signal } = entry
    if (this.#round !== undefined) {
      const round = this.#round
      if (!round.join(entry)) return { round: undefined, version: await table.appendAlone(request, signal) }
      return { round, ...(await whileWanted(round.outcome, signal)) }
    }
    const round = (this.#round = new Round(member.options.newId()))
    round.join(entry)
    this.roundAt = entry.at
    await this.#gather(round, member.options)
    this.#round = undefined
    if (round.entries.length === 1) return { round: undefined, version: await table.appendAlone(request, signal) }
    const outcome = await carriedOut(round, table, signal)
    round.end(outcome)
    return { round, ...outcome }
  }

  async #gather(round: Round, { clock, waitMs }: MemberOptions): Promise<void> {
    const until = clock.monotonic() + waitMs
    const isMissing = (member: GroupMember): boolean => !round.has(member) && member.options.isReady()
    while ([...this.members].some(isMissing)) {
      const leftMs = until - clock.monotonic()
      if (leftMs <= 0) return
      await round.nextJoin(clock, leftMs)
    }
  }
}

/** One writer's part in the common commits of a table. */
export class GroupMember implements AppendTogether {
  readonly options: MemberOptions
  readonly #group: CommitGroup
  readonly #leave: () => void
  /** The request whose outcome is unknown, and the common commit that it was in. */
  #unsettled: { readonly txnId: string; readonly roundId: string } | undefined
  #appendedAt = -Infinity

  constructor(group: CommitGroup, options: MemberOptions, leave: () => void) {
    this.options = options
    this.#group = group
    this.#leave = leave
  }

  /** Whether others committed since it did, and it has what is worth a commit: then their rhythm becomes one. */
  get isCalled(): boolean {
    return this.#group.roundAt > this.#appendedAt && this.options.isReady()
  }

  async append(table: DeltaTable, request: AppendRequest, signal?: AbortSignal): Promise<number> {
    // One time for both: the round that it begins is not one that others began since.
    const at = (this.#appendedAt = this.options.clock.monotonic())
    if (this.#unsettled?.txnId === request.txnId) return this.#settle(table, request, signal)
    if (this.options.waitMs === 0 || this.#group.members.size < 2) return table.appendAlone(request, signal)
    const { round, ...outcome } = await this.#group.append({ member: this, table, request, signal, at })
    if (round === undefined) return table.snapshot.version
    // From here on it may be in the table, whatever comes between.
    this.#unsettled = { txnId: request.txnId, roundId: round.id }
    if ('error' in outcome) {
      if (isRetriable(outcome.error)) throw outcome.error
      return this.#settle(table, request, signal)
    }
    if (table.snapshot.versionOfCommit(round.id) === undefined) await table.refresh(signal)
    this.#unsettled = undefined
    return outcome.version
  }

  leave(): void {
    this.#group.members.delete(this)
    this.#leave()
  }

  async #settle(table: DeltaTable, request: AppendRequest, signal: AbortSignal | undefined): Promise<number> {
    const { roundId } = this.#unsettled!
    const version = await table.appendAlone({ ...request, earlierIds: [roundId] }, signal)
    this.#unsettled = undefined
    return version
  }
}

/** The groups of this process, by what they write. */
export class CommitGroups {
  readonly #groups = new Map<string, CommitGroup>()

  /** @param key of those that commit together: the connector and the table, with its store */
  join(key: string, options: MemberOptions): GroupMember {
    let group = this.#groups.get(key)
    if (group === undefined) this.#groups.set(key, (group = new CommitGroup()))
    const own = group
    const member = new GroupMember(own, options, () => {
      if (own.members.size === 0 && this.#groups.get(key) === own) this.#groups.delete(key)
    })
    own.members.add(member)
    return member
  }
}

/** Of this process. */
export const processGroups: CommitGroups = new CommitGroups()

async function carriedOut(round: Round, table: DeltaTable, signal: AbortSignal | undefined): Promise<Outcome> {
  try {
    // The others may have committed by themselves since; what they claim is of the newest version.
    await table.refresh(signal)
    return { version: await table.appendAlone(round.request, signal) }
  } catch (error) {
    return { error }
  }
}

/** What the first of them found, unless this one must stop before. */
async function whileWanted(outcome: Promise<Outcome>, signal: AbortSignal | undefined): Promise<Outcome> {
  if (signal === undefined) return outcome
  const stopped = Promise.withResolvers<undefined>()
  const stop = (): void => stopped.resolve(undefined)
  signal.addEventListener('abort', stop, { once: true })
  try {
    if (signal.aborted) stop()
    const found = await Promise.race([outcome, stopped.promise])
    if (found !== undefined) return found
    checkWanted({ signal }, 'The commit, whose outcome may be unknown,')
    return await outcome
  } catch (error) {
    return { error }
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
