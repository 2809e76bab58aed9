import { type Kafka, connect } from '@sluice/kafka'
import { silentLogger, systemClock } from '@sluice/sdk'
import { ConnectWorkerGroup, type ConnectWorkerGroupOptions } from '../../src/group/connect-worker-group.ts'
import type { WorkAssignment } from '../../src/group/work-assignment.ts'
import { itemsOf, keyOf, setOf, workOf } from '../../src/group/work-set.ts'
import type { ConfigSnapshot } from '../../src/storage/config-store.ts'
import { snapshotOf } from './fake-group-member.ts'

const TICK_MS = 20

/** What all workers read, and what they do: who runs what. */
export class Cluster {
  readonly groupId: string
  offset = 1
  /** Tasks by connector. */
  connectors: Record<string, number> = {}
  readonly workers = new Set<GroupWorker>()
  /** `+worker key` and `-worker key`, in order. Keys as of `keyOf`: `-1/c` is the connector c, `0/c` its first task. */
  readonly log: string[] = []
  /** What was started while it ran elsewhere. */
  readonly doubles: string[] = []

  constructor(groupId: string, connectors: Readonly<Record<string, number>>) {
    this.groupId = groupId
    this.connectors = { ...connectors }
  }

  configure(connectors: Readonly<Record<string, number>>): void {
    this.connectors = { ...connectors }
    this.offset += 1
    for (const { group } of this.workers) group.requestRejoin('connectors have changed')
  }

  started(worker: GroupWorker, key: string): void {
    const others = [...this.workers].filter((one) => one !== worker && one.held.has(key))
    for (const { name } of others) this.doubles.push(`${key} at ${worker.name} and ${name}`)
    this.log.push(`+${worker.name} ${key}`)
  }

  /** All that should run does, once, and nobody has two more than another. */
  get isBalanced(): boolean {
    const wanted = this.#wanted()
    const all = [...this.workers].flatMap(({ held }) => [...held.keys()])
    if (all.length !== wanted.length || !wanted.every((key) => all.includes(key))) return false
    return ['-1/', ''].every((kind) => {
      const counts = Array.from(this.workers, ({ held }) => {
        return [...held.keys()].filter((key) => key.startsWith('-1/') === (kind === '-1/')).length
      })
      return Math.max(...counts) - Math.min(...counts) <= 1
    })
  }

  missing(): readonly string[] {
    const all = new Set([...this.workers].flatMap(({ held }) => [...held.keys()]))
    return this.#wanted().filter((key) => !all.has(key))
  }

  stopsSince(length: number): readonly string[] {
    return this.log.slice(length).filter((line) => line.startsWith('-'))
  }

  #wanted(): readonly string[] {
    const snapshot = snapshotOf(this.offset, this.connectors)
    const connectors = snapshot.connectors()
    return itemsOf({ connectors, tasks: connectors.flatMap((name) => [...snapshot.tasks(name)]) }).map(keyOf)
  }
}

/** As little of a worker as a group needs: it does at its next tick what the last assignment says. */
export class GroupWorker {
  readonly name: string
  readonly group: ConnectWorkerGroup
  readonly held = new Map<string, { readonly connector: string; readonly task: number }>()
  /** What the group has said, in order. */
  readonly events: string[] = []
  last: WorkAssignment | undefined
  readonly #kafka: Kafka
  readonly #cluster: Cluster
  readonly #pending: WorkAssignment[] = []
  readonly #ending = new AbortController()
  #rejoinAt = Infinity
  #ticking: Promise<void> = Promise.resolve()

  private constructor(
    kafka: Kafka,
    cluster: Cluster,
    name: string,
    options: Partial<ConnectWorkerGroupOptions>,
    snapshot: () => Promise<ConfigSnapshot>,
  ) {
    this.name = name
    this.#kafka = kafka
    this.#cluster = cluster
    this.group = new ConnectWorkerGroup({
      kafka,
      clock: systemClock,
      logger: silentLogger,
      groupId: cluster.groupId,
      url: `http://${name}:8083`,
      connectProtocol: 'sessioned',
      sessionTimeoutMs: 6_000,
      heartbeatIntervalMs: 200,
      rebalanceTimeoutMs: 20_000,
      delayMaxMs: 0,
      hooks: {
        snapshot,
        held: () => workOf([...this.held.values(), ...this.#pending.flatMap(({ assigned }) => itemsOf(assigned))]),
        assigned: (assignment) => {
          this.events.push('assigned')
          this.last = assignment
          this.#pending.push(assignment)
        },
        revoked: async () => this.#drop('revoked'),
        lost: async () => this.#drop('lost'),
      },
      ...options,
    })
  }

  static async open(
    bootstrapServers: string,
    cluster: Cluster,
    name: string,
    options: Partial<ConnectWorkerGroupOptions> = {},
    snapshot: () => Promise<ConfigSnapshot> = async () => snapshotOf(cluster.offset, cluster.connectors),
  ): Promise<GroupWorker> {
    const worker = new GroupWorker(await connect({ bootstrapServers }), cluster, name, options, snapshot)
    cluster.workers.add(worker)
    return worker
  }

  static async start(...args: Parameters<typeof GroupWorker.open>): Promise<GroupWorker> {
    const worker = await GroupWorker.open(...args)
    await worker.join()
    return worker
  }

  async join(): Promise<void> {
    await this.group.join()
    this.#ticking = this.#run()
  }

  /** Stops its work and leaves the group. */
  async leave(): Promise<void> {
    await this.#end(() => this.group.close())
  }

  /** Its connections end without a word, as with a process that is killed. */
  async kill(): Promise<void> {
    this.held.clear()
    await this.#end(async () => {})
  }

  async #end(how: () => Promise<void>): Promise<void> {
    this.#ending.abort()
    await this.#ticking
    await how()
    this.#cluster.workers.delete(this)
    await this.#kafka.close()
  }

  async #run(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      this.group.poll()
      for (const assignment of this.#pending.splice(0)) this.#carryOut(assignment)
      if (performance.now() >= this.#rejoinAt) {
        this.#rejoinAt = Infinity
        this.group.requestRejoin('work was held back')
      }
      await systemClock.sleep(TICK_MS, this.#ending.signal)
    }
  }

  #carryOut({ revoked, assigned, delayMs, isMismatch }: WorkAssignment): void {
    for (const key of setOf(itemsOf(revoked)).keys()) this.#stop(key)
    for (const [key, item] of setOf(itemsOf(assigned))) {
      if (this.held.has(key)) continue
      this.held.set(key, item)
      this.#cluster.started(this, key)
    }
    this.#rejoinAt = delayMs > 0 ? performance.now() + delayMs : Infinity
    if (isMismatch || itemsOf(revoked).length > 0) this.group.requestRejoin('work was given up')
  }

  #drop(why: string): void {
    this.events.push(why)
    this.#pending.length = 0
    for (const key of this.held.keys()) this.#stop(key)
  }

  #stop(key: string): void {
    if (this.held.delete(key)) this.#cluster.log.push(`-${this.name} ${key}`)
  }
}
