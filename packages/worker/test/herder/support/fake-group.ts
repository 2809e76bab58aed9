import type { TaskId } from '../../../src/herder/herder.ts'
import { Holdings, taskKey } from '../../../src/herder/holdings.ts'
import type { Work } from '../../../src/group/work-assignment.ts'
import type { WorkerGroup, WorkerGroupHooks } from '../../../src/group/worker-group.ts'
import type { ConfigSnapshot } from '../../../src/storage/config-store.ts'

/** One of a connector or a task. */
type Piece = string | TaskId

const NONE: Work = { connectors: [], tasks: [] }

/** Connect's group in memory: calls the hooks in the order of the real one, and shares work out evenly. */
export class FakeGroup {
  readonly members: FakeMember[] = []
  /** `default` is the eager one. */
  protocol: 'sessioned' | 'compatible' | 'default' = 'sessioned'
  /** What assignments say of lost work; 0: it is given out at once. */
  delayMs = 0
  rebalances = 0
  generation = 0
  #isDue = false
  #isRunning = false

  member(url: string, hooks: WorkerGroupHooks): FakeMember {
    return new FakeMember(this, url, hooks)
  }

  /** Takes a member out without a word to it, as when its process has died or hangs. */
  expel(member: FakeMember): void {
    const at = this.members.indexOf(member)
    if (at >= 0) this.members.splice(at, 1)
    this.rebalance()
  }

  rebalance(): void {
    this.#isDue = true
    if (this.#isRunning) return
    this.#isRunning = true
    void this.#run().finally(() => {
      this.#isRunning = false
    })
  }

  async #run(): Promise<void> {
    while (this.#isDue) {
      // As the real one: a moment passes, in which more may happen.
      await new Promise((resolve) => void setImmediate(resolve))
      this.#isDue = false
      await this.#round([...this.members])
    }
  }

  async #round(members: readonly FakeMember[]): Promise<void> {
    this.rebalances++
    const [leader] = members
    if (leader === undefined) return
    const isEager = this.protocol === 'default'
    if (isEager) await Promise.all(members.map((member) => member.hooks.revoked()))
    const snapshots = new Map<FakeMember, ConfigSnapshot>()
    for (const member of members) snapshots.set(member, await member.hooks.snapshot())
    const held = new Map(members.map((member) => [member, isEager ? NONE : member.hooks.held()]))
    const offset = Math.max(...[...snapshots.values()].map((snapshot) => snapshot.offset))
    if (members.some((member) => !this.members.includes(member))) return this.#again()
    const generation = ++this.generation
    const isMismatch = snapshots.get(leader)!.offset < offset && (await leader.hooks.snapshot()).offset < offset
    const shares = isMismatch
      ? new Map(members.map((member) => [member, { assigned: NONE, revoked: NONE }]))
      : share(await leader.hooks.snapshot(), held)
    leader.owners = owners(members, held, shares)
    for (const member of members) {
      member.generation = generation
      member.protocol = this.protocol
      member.assigned({
        generation,
        isLeader: member === leader,
        leaderId: leader.memberId,
        leaderUrl: leader.url,
        configOffset: offset,
        isMismatch,
        ...shares.get(member)!,
        delayMs: this.delayMs,
      })
    }
  }

  #again(): void {
    this.#isDue = true
  }
}

export class FakeMember implements WorkerGroup {
  readonly memberId: string
  readonly url: string
  readonly hooks: WorkerGroupHooks
  readonly #group: FakeGroup
  #joined = Promise.withResolvers<void>()
  generation = -1
  protocol: string | null = null
  owners: ReadonlyMap<string, string> = new Map()
  /** What `poll` says. */
  mayWork = true
  /** The reasons of the rejoins that were asked for. */
  readonly reasons: string[] = []

  constructor(group: FakeGroup, url: string, hooks: WorkerGroupHooks) {
    this.#group = group
    this.url = url
    this.memberId = `member of ${url}`
    this.hooks = hooks
  }

  async join(): Promise<void> {
    if (!this.#group.members.includes(this)) {
      this.#joined = Promise.withResolvers()
      this.#group.members.push(this)
      this.#group.rebalance()
    }
    await this.#joined.promise
  }

  assigned(assignment: Parameters<WorkerGroupHooks['assigned']>[0]): void {
    this.hooks.assigned(assignment)
    this.#joined.resolve()
  }

  poll(): boolean {
    return this.mayWork
  }

  ownerUrl(connector: string, task: number | null): string | null {
    return this.owners.get(task === null ? connector : taskKey({ connector, task })) ?? null
  }

  requestRejoin(reason: string): void {
    this.reasons.push(reason)
    if (this.#group.members.includes(this)) this.#group.rebalance()
  }

  /** The coordinator says that the place is lost. */
  async lose(): Promise<void> {
    await this.hooks.lost()
  }

  async leave(): Promise<void> {
    await this.hooks.revoked()
    this.#group.expel(this)
  }

  async close(): Promise<void> {
    if (this.#group.members.includes(this)) await this.leave()
  }
}

function keyOf(piece: Piece): string {
  return typeof piece === 'string' ? piece : taskKey(piece)
}

/** Whoever has something keeps it, as far as that is even; what nobody has goes to whoever has least. */
function share(
  snapshot: ConfigSnapshot,
  held: ReadonlyMap<FakeMember, Work>,
): ReadonlyMap<FakeMember, { readonly assigned: Work; readonly revoked: Work }> {
  const assigned = new Map([...held.keys()].map((member) => [member, new Holdings()]))
  const revoked = new Map([...held.keys()].map((member) => [member, new Holdings()]))
  const connectors = snapshot.connectors()
  const kinds: readonly [readonly Piece[], (work: Work) => readonly Piece[]][] = [
    [connectors, (work) => work.connectors],
    [connectors.flatMap((connector) => [...snapshot.tasks(connector)]), (work) => work.tasks],
  ]
  for (const [configured, of] of kinds) {
    const most = Math.ceil(configured.length / held.size)
    const known = new Set(configured.map(keyOf))
    const taken = new Set<string>()
    const loads = new Map<FakeMember, number>()
    for (const [member, work] of held) {
      let load = 0
      for (const piece of of(work)) {
        const isKept = known.has(keyOf(piece)) && !taken.has(keyOf(piece)) && load < most
        if (isKept) load++
        else add(revoked.get(member)!, piece)
        // What is taken from somebody can be given to others in the next round only.
        taken.add(keyOf(piece))
      }
      loads.set(member, load)
    }
    for (const piece of configured) {
      if (taken.has(keyOf(piece))) continue
      const [least] = [...loads].toSorted(([, a], [, b]) => a - b)[0]!
      add(assigned.get(least)!, piece)
      loads.set(least, loads.get(least)! + 1)
    }
  }
  return new Map(
    [...held.keys()].map((member) => [
      member,
      { assigned: assigned.get(member)!.work(), revoked: revoked.get(member)!.work() },
    ]),
  )
}

function add(holdings: Holdings, piece: Piece): void {
  if (typeof piece === 'string') holdings.connectors.add(piece)
  else holdings.addTask(piece)
}

function owners(
  members: readonly FakeMember[],
  held: ReadonlyMap<FakeMember, Work>,
  shares: ReadonlyMap<FakeMember, { readonly assigned: Work; readonly revoked: Work }>,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const member of members) {
    const holdings = new Holdings()
    holdings.add(held.get(member)!)
    holdings.remove(shares.get(member)!.revoked)
    holdings.add(shares.get(member)!.assigned)
    for (const connector of holdings.connectors) found.set(connector, member.url)
    for (const id of holdings.tasks) found.set(taskKey(id), member.url)
  }
  return found
}
