import type { Kafka } from '@sluice/kafka'
import { describeError, MemoryMetrics, SluiceError } from '@sluice/sdk'
import { KafkaStreams } from '../../kafka-streams.ts'
import type { PauseTarget } from '../../runtime/thread/pauses.ts'
import type { TopologyRecord } from '../../runtime/topics/topology-record.ts'
import type { StreamsSettings } from '../../streams-settings.ts'
import type { Topology } from '../../topology/topology.ts'
import { SeededRandom } from '@sluice/sdk/testing'
import type { InvariantWatch } from './invariant-watch.ts'
import { Link, type CrashStep } from './link.ts'
import type { SimulatedBroker } from './simulated-broker.ts'
import { withSimulatedCalls } from './simulated-calls.ts'
import { simulatedKafka } from './simulated-kafka.ts'
import type { UnderWay } from './simulated-producer.ts'
import type { SimulatedTime } from './simulated-time.ts'
import type { Trace } from './trace.ts'

/** Until an instance that ended by itself is started again. */
const RESTART_MS = 300

export interface InstanceParts {
  readonly number: number
  readonly seed: number
  readonly topology: Topology
  readonly settings: StreamsSettings
  readonly time: SimulatedTime
  readonly trace: Trace
  readonly broker: SimulatedBroker
  readonly watch: InvariantWatch
  readonly record: TopologyRecord
  /** What the application is given in place of the simulated cluster's door. */
  readonly around: (kafka: Kafka) => Kafka
}

/** One instance of the application through all its lives: the real runtime over a link of its own. */
export class SimulatedInstance {
  readonly #parts: InstanceParts
  #life = 0
  #link: Link | null = null
  #stop = new AbortController()
  #underWay = new Set<UnderWay>()
  #streams: KafkaStreams | null = null
  readonly #paused = new Set<PauseTarget>()
  #isWanted = false
  /** How long it stays down when it has ended in order. */
  #onceDown = RESTART_MS

  constructor(parts: InstanceParts) {
    this.#parts = parts
  }

  /** Null while it is down. */
  get link(): Link | null {
    return this.#link
  }

  /** What this life has handed over and the broker does not have. */
  get underWay(): Iterable<UnderWay> {
    return this.#underWay
  }

  get isDown(): boolean {
    return this.#link === null
  }

  start(): void {
    if (this.#link !== null) return
    const { number, seed, time, trace, topology, settings, broker, record, around } = this.#parts
    this.#isWanted = true
    const name = `instance-${number}-${this.#life}`
    const random = new SeededRandom(seed * 1_000 + number * 100 + this.#life++)
    const link = new Link(name, time, random, trace)
    this.#link = link
    this.#underWay = new Set()
    this.#stop = new AbortController()
    const processId = `00000000-0000-4000-8000-${String(number).padStart(6, '0')}${String(this.#life).padStart(6, '0')}`
    const streams = new KafkaStreams(withSimulatedCalls(topology, link), settings, {
      kafka: around(simulatedKafka(link, broker, this.#underWay)),
      metrics: new MemoryMetrics(),
      clock: link.clock,
      random,
      processId,
      record,
      onState: (state) => link.say(`is ${state}`),
    })
    this.#streams = streams
    for (const target of this.#paused) streams.pause(target)
    link.say('starts')
    void streams.run({ signal: this.#stop.signal }).then(
      () => this.#ended(link, null),
      (error: unknown) => this.#ended(link, error),
    )
  }

  /** For all its lives, until it is resumed. */
  pause(target: PauseTarget): void {
    this.#paused.add(target)
    this.#streams?.pause(target)
  }

  resume(target: PauseTarget): void {
    this.#paused.delete(target)
    this.#streams?.resume(target)
  }

  /** As by kill -9. */
  crash(downMs: number): void {
    const link = this.#link
    if (link === null) return
    link.say('crashes')
    link.cut()
    this.#link = null
    this.#restartAfter(downMs)
  }

  crashAt(step: CrashStep, downMs: number): void {
    this.#link?.crashAt(step, () => this.crash(downMs))
  }

  /** In order. `downMs` null: for good. */
  stop(downMs: number | null): void {
    this.#isWanted = downMs !== null
    if (this.#link === null) return
    this.#link.say('is stopped')
    if (downMs !== null) this.#onceDown = downMs
    this.#stop.abort()
  }

  #ended(link: Link, error: unknown): void {
    if (this.#link !== link) return
    link.say(error === null ? 'ends' : `ends: ${describeError(error)}`)
    // What the code itself promises is broken by nothing that goes wrong outside.
    if (error !== null && (!(error instanceof SluiceError) || error.code === 'INTERNAL'))
      this.#parts.watch.add(0, `${link.name} ended: ${describeError(error)}`)
    link.cut()
    this.#link = null
    if (this.#isWanted) this.#restartAfter(this.#onceDown)
    this.#onceDown = RESTART_MS
  }

  #restartAfter(ms: number): void {
    this.#parts.time.after(ms, () => {
      if (this.#isWanted) this.start()
    })
  }
}
