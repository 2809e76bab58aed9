import type { CommittedOffset, Kafka } from '@sluice/kafka'
import type { TopicPartition } from '@sluice/sdk'
import { SeededRandom } from '@sluice/sdk/testing'
import { keyOf } from '../../runtime/partition-key.ts'
import type { PauseTarget } from '../../runtime/thread/pauses.ts'
import type { TopologyRecord } from '../../runtime/topics/topology-record.ts'
import { quarantineTopicOf, streamsSettings, type StreamsSettings } from '../../streams-settings.ts'
import { Topology } from '../../topology/topology.ts'
import type { WrittenTopology } from '../../topology/written-topology.ts'
import { describeFault, faultsOf, type Fault } from './fault.ts'
import { InvariantWatch, originHeader, type Violation } from './invariant-watch.ts'
import { modelOutputs, outputTopics, type Outputs } from './model.ts'
import { compareOutputs, foundOutputs, type Comparison } from './output-comparison.ts'
import { SimulatedBroker } from './simulated-broker.ts'
import { partitionOf, type SimulatedInput } from './simulated-input.ts'
import { SimulatedInstance } from './simulated-instance.ts'
import { SimulatedTime } from './simulated-time.ts'
import { Trace } from './trace.ts'

export interface SimulationOptions {
  readonly topology: Topology
  /** Chooses the faults, how long everything takes, and how much each fetch brings. */
  readonly seed: number
  readonly inputs: readonly SimulatedInput[]
  /** Of every source topic. Default: 3. */
  readonly partitions?: number
  /** Default: 2. */
  readonly instances?: number
  /** Settings of the application by their Kafka names. Default: exactly once, with times that suit a short simulation. */
  readonly settings?: Readonly<Record<string, string>>
  /** Default: those of the seed. */
  readonly faults?: readonly Fault[]
  /** How the records of an output topic are compared with what they should be. Default: `sequence`. */
  readonly compare?: Readonly<Record<string, Comparison>>
  /**
   * What the topology should put out; topics that are not in it are not compared. Default: what the test driver does with the same inputs.
   */
  readonly model?: () => Outputs
  /** Default: nothing is paused. */
  readonly pauses?: readonly SimulatedPause[]
  /** Stands between the application and the cluster: plants a fault of your own. */
  readonly around?: (kafka: Kafka) => Kafka
}

/** What all instances pause for so long, such as a key of a topic, through crashes and restarts. */
export interface SimulatedPause {
  readonly target: PauseTarget
  /** Milliseconds since the beginning. */
  readonly atMs: number
  readonly ms: number
}

export interface Simulation {
  readonly seed: number
  readonly faults: readonly Fault[]
  /** Empty: every invariant held. */
  readonly violations: readonly Violation[]
  /** What happened, line by line. */
  readonly trace: readonly string[]
  /** SHA-256 of the trace: the same for the same options. */
  readonly hash: string
  /** What readers of committed records find in the output topics in the end. */
  readonly outputs: Outputs
  /** Simulated milliseconds. */
  readonly lastedMs: number
}

/** Nothing in a simulation takes so long. */
const LIMIT_MS = 60_000
const SESSION_TIMEOUT_MS = 1_500
/** Faults go on for so long behind the last input. */
const FAULTS_BEHIND_MS = 1_500

const QUIET_MS = 250

const SETTINGS = {
  'application.id': 'simulated',
  'processing.guarantee': 'exactly_once_v2',
  'commit.interval.ms': '150',
  'session.timeout.ms': String(SESSION_TIMEOUT_MS),
  'heartbeat.interval.ms': '300',
  'transaction.timeout.ms': '3000',
  'max.poll.interval.ms': '600',
  'retry.backoff.ms': '50',
  'retry.backoff.max.ms': '500',
  'poll.ms': '500',
  'close.timeout.ms': '5000',
}

/**
 * Runs an application of several instances in simulated time while things go wrong, until all input is processed: the real runtime,
 * stores (in memory) and assignment, over a cluster that is simulated record by record. Whatever a seed shows, it shows again.
 *
 * At every commit and at the end, invariants 1 to 4 of docs/explanation/invariants.md are checked; at the end, with exactly once, the
 * output has to be that of the model.
 */
export async function simulate(options: SimulationOptions): Promise<Simulation> {
  return await new SimulationRun(options).run()
}

class SimulationRun {
  readonly #options: SimulationOptions
  readonly #random: SeededRandom
  readonly #time = new SimulatedTime()
  readonly #trace = new Trace()
  readonly #broker: SimulatedBroker
  readonly #settings: StreamsSettings
  readonly #texts: Readonly<Record<string, string>>
  readonly #topology: Topology
  readonly #watch: InvariantWatch
  readonly #instances: readonly SimulatedInstance[]
  readonly #faults: readonly Fault[]
  #unwritten: number
  #quietSince: number | null = null
  #faultsLeft: number

  constructor(options: SimulationOptions) {
    const { seed, inputs, instances = 2, around = (kafka) => kafka } = options
    this.#options = options
    this.#random = new SeededRandom(seed)
    this.#texts = { ...SETTINGS, ...options.settings }
    this.#settings = streamsSettings.parse(this.#texts)
    this.#topology = inMemory(options.topology)
    this.#broker = new SimulatedBroker(this.#time, this.#trace)
    this.#watch = new InvariantWatch({
      broker: this.#broker,
      topology: this.#topology.forApplication(this.#settings['application.id']),
      isExactlyOnce: this.#isExactlyOnce,
      quarantineTopic: quarantineTopicOf(this.#settings),
      underWayOf: (client) => this.#instances.find(({ link }) => link?.name === client)?.underWay ?? [],
    })
    this.#broker.watch = this.#watch
    const untilMs = Math.max(0, ...inputs.map(({ atMs }) => atMs)) + FAULTS_BEHIND_MS
    const plan = { instances, untilMs, sessionTimeoutMs: SESSION_TIMEOUT_MS }
    const chosen = faultsOf(this.#random, plan)
    this.#faults = options.faults ?? chosen
    this.#unwritten = inputs.length
    this.#faultsLeft = this.#faults.length
    const record = inMemoryRecord()
    this.#instances = Array.from(
      { length: instances },
      (_, number) =>
        new SimulatedInstance({
          number,
          seed,
          topology: this.#topology,
          settings: this.#settings,
          time: this.#time,
          trace: this.#trace,
          broker: this.#broker,
          watch: this.#watch,
          record,
          around,
        }),
    )
  }

  get #isExactlyOnce(): boolean {
    return this.#settings['processing.guarantee'] === 'exactly_once_v2'
  }

  async run(): Promise<Simulation> {
    const { seed, partitions = 3 } = this.#options
    for (const topic of sourceTopics(this.#topology)) this.#broker.createTopic(topic, partitions)
    for (const [i, input] of this.#options.inputs.entries()) this.#schedule(input, i)
    for (const fault of this.#faults) this.#time.at(fault.atMs, () => this.#strike(fault))
    for (const pause of this.#options.pauses ?? []) this.#pause(pause)
    for (const instance of this.#instances) this.#time.after(this.#random.next() * 300, () => instance.start())
    const isDone = await this.#time.run(() => this.#isOver(), LIMIT_MS)
    if (!isDone) this.#watch.add(0, `Not everything was processed: ${this.#leftText()}`)
    const lastedMs = this.#time.now
    for (const instance of this.#instances) instance.stop(null)
    await this.#time.run(() => this.#instances.every(({ isDown }) => isDown), LIMIT_MS + SESSION_TIMEOUT_MS)
    const outputs = foundOutputs(outputTopics(this.#topology), this.#broker)
    if (isDone) await this.#judge(outputs)
    for (const instance of this.#instances) instance.link?.cut()
    const { lines: trace, hash } = this.#trace
    return { seed, faults: this.#faults, violations: this.#watch.violations, trace, hash, outputs, lastedMs }
  }

  #schedule(input: SimulatedInput, number: number): void {
    const write = (): void => {
      this.#unwritten--
      this.#write(input, number)
    }
    if (input.atMs <= 0) write()
    else this.#time.at(input.atMs, write)
  }

  /** With exactly once, some come in transactions, and now and then one that is aborted is before them: nobody may see what it held. */
  #write(input: SimulatedInput, number: number): void {
    const { partitions = 3 } = this.#options
    const { topic, key, value, timestamp, headers = [] } = input
    const place = { topic, partition: partitionOf(input, partitions) }
    const log = this.#broker.partition(place)
    const record = { ...place, key, value, timestamp }
    const producing = this.#broker.transactions
    if (this.#isExactlyOnce && this.#random.isOneIn(12)) {
      const numbers = producing.begin(`input-${number}`, 60_000)
      this.#broker.append(place, [{ ...record, value: Buffer.from('aborted'), headers: [] }], numbers)
      producing.end(numbers, 'aborted')
    }
    this.#broker.append(place, [{ ...record, headers: [...headers, originHeader(keyOf(place), log.endOffset)] }], null)
  }

  #pause({ target, atMs, ms }: SimulatedPause): void {
    const { topic = 'all', key = null } = target
    const what = key === null ? topic : `key ${Buffer.from(key).toString()} of ${topic}`
    const change = (how: 'pause' | 'resume') => (): void => {
      this.#trace.add(this.#time.now, 'somebody', `${how}s ${what}`)
      for (const instance of this.#instances) instance[how](target)
    }
    this.#time.at(atMs, change('pause'))
    this.#time.at(atMs + ms, change('resume'))
  }

  #strike(fault: Fault): void {
    this.#faultsLeft--
    this.#trace.add(this.#time.now, 'fault', describeFault(fault))
    if (fault.kind === 'abort transactions') {
      for (const id of this.#broker.transactions.openIds) this.#broker.transactions.abort(id)
      return
    }
    if (fault.kind === 'rebalance') return this.#broker.group.rebalance('somebody asks for it')
    const instance = this.#instances[fault.instance]
    if (instance === undefined) return
    const { link } = instance
    if (fault.kind === 'crash') instance.crash(fault.downMs)
    else if (fault.kind === 'crash at') instance.crashAt(fault, fault.downMs)
    else if (fault.kind === 'stop') instance.stop(fault.downMs)
    else if (fault.kind === 'freeze') link?.freeze(fault.ms)
    else if (fault.kind === 'lose requests') link?.loseRequests(fault.ms)
    else if (fault.kind === 'lose answers') link?.loseAnswers(fault.ms)
    else link?.slowDown(fault.ms)
  }

  /** When all is processed, nothing more goes wrong, no zombie is left, and that is so for a while. */
  #isOver(): boolean {
    if (this.#unwritten > 0 || this.#faultsLeft > 0) return false
    const isBusy =
      this.#instances.some(({ link }) => link?.isFrozen === true) ||
      this.#broker.transactions.openIds.length > 0 ||
      this.#unprocessed().length > 0
    if (isBusy) {
      this.#quietSince = null
      return false
    }
    this.#quietSince ??= this.#time.now
    return this.#time.now - this.#quietSince > QUIET_MS
  }

  /** The partitions that tasks read and have not committed to their ends. */
  #unprocessed(): readonly TopicPartition[] {
    return this.#places().filter((place) => {
      const last = this.#broker.partition(place).committed().at(-1)?.offset ?? -1
      return (this.#broker.committedAt(place)?.offset ?? 0) <= last
    })
  }

  #places(): readonly TopicPartition[] {
    const application = this.#settings['application.id']
    return sourceTopics(this.#topology.forApplication(application)).flatMap((topic) =>
      Array.from(this.#broker.topics.get(topic) ?? [], (_, partition) => ({ topic, partition })),
    )
  }

  #leftText(): string {
    return this.#unprocessed().map(keyOf).join(' ')
  }

  async #judge(outputs: Outputs): Promise<void> {
    const committed = this.#places().flatMap((place): CommittedOffset[] => {
      const offset = this.#broker.committedAt(place)
      return offset === undefined ? [] : [offset]
    })
    this.#watch.checkQuarantine(committed)
    const { inputs, partitions = 3, compare = {}, topology } = this.#options
    const expected =
      this.#options.model?.() ?? (await modelOutputs({ topology, inputs, partitions, settings: this.#texts }))
    const isStateful = topology.stores.size > 0
    const strictness = this.#isExactlyOnce ? 'exactly' : isStateful ? 'count at least' : 'at least'
    for (const problem of compareOutputs(expected, outputs, compare, strictness)) this.#watch.add(1, problem)
  }
}

function sourceTopics(topology: Topology): readonly string[] {
  return topology.sources.flatMap(({ topics }) => topics).filter((topic) => topic !== '')
}

function inMemoryRecord(): TopologyRecord {
  let kept: WrittenTopology | null = null
  return {
    read: () => Promise.resolve(kept),
    write(topology) {
      kept = topology
      return Promise.resolve()
    },
  }
}

/** With every store in memory: what is lost in a crash. */
function inMemory(topology: Topology): Topology {
  return new Topology(topology.nodes, {
    stores: Array.from(topology.stores.values(), (store) => ({
      ...store,
      definition: { ...store.definition, engine: 'memory' as const },
    })),
    repartitions: topology.repartitions.values(),
    copartitions: topology.copartitions,
  })
}
