import path from 'node:path'
import { connect, type Kafka } from '@sluice/kafka'
import { SeededRandom } from '@sluice/sdk/testing'
import type { BrokerOnTrial } from '../broker-on-trial.ts'
import { type Cluster, ConnectWorkerProcess, until } from '../connect/connect-worker.ts'
import { Mover } from './movers.ts'
import { Orders, PARTITIONS } from './orders.ts'
import { EVERYTHING, read, type Place, type ReadRecord, type Readings } from './readers.ts'

const TOPIC = 'orders'
const ARRIVE_MS = 120_000
/** Offsets of groups that have not moved for so long, while they are looked after every second, are where they are to be. */
const SETTLED_MS = 2_500

/** A mirror, or one that is wrong in a way that must be seen. */
export interface Mirror {
  readonly alias: string
  readonly source: string
  /** What is wrong with its groups' offsets; undefined: nothing may be. */
  readonly fault?: 'missing' | 'twice'
}

export const MIRROR: Mirror = {
  alias: 'here',
  source: 'org.apache.kafka.connect.mirror.MirrorSourceConnector',
}
export const MUTANTS: readonly Mirror[] = [
  { alias: 'far', source: 'mirror-too-far', fault: 'missing' },
  { alias: 'unasked', source: 'mirror-before-the-ack', fault: 'twice' },
]

export interface OneWayOptions {
  readonly name: string
  readonly from: BrokerOnTrial
  readonly to: BrokerOnTrial
  readonly folder: string
  readonly mirrors: readonly Mirror[]
  readonly seed: number
  readonly kills: number
  readonly groups: number
}

/** What came of one mirror. */
export interface Outcome {
  readonly mirror: Mirror
  readonly records: number
  readonly lost: number
  readonly twice: number
  /** Of partitions whose records are not those of the source in their order, bytes for bytes: where that begins. */
  readonly differences: readonly string[]
  /** Of all groups together: what they read on the source, then on the target; never, and more than once. */
  readonly consumed: number
  readonly goneOnWith: number
  readonly missing: number
  readonly again: number
  /** Groups whose checkpoints, as Java's own client finds them, are not where the groups stood. */
  readonly unlike: number
}

/** Records from one cluster to another by a worker that is killed, and groups that move over. */
export class OneWay {
  readonly #options: OneWayOptions
  readonly #random: SeededRandom
  readonly #cluster: Cluster
  readonly #source: Kafka
  #worker: ConnectWorkerProcess | null = null

  static async start(options: OneWayOptions): Promise<OneWay> {
    return new OneWay(options, await connect({ bootstrapServers: addressOf(options.from) }))
  }

  private constructor(options: OneWayOptions, source: Kafka) {
    this.#options = options
    this.#random = new SeededRandom(options.seed)
    this.#source = source
    this.#cluster = {
      bootstrap: addressOf(options.to),
      groupId: `mirrors-of-${options.from.port}`,
      folder: options.folder,
      settings: {
        'exactly.once.source.support': 'enabled',
        'session.timeout.ms': '1500',
        'heartbeat.interval.ms': '300',
        'cell.spares': '0',
        isolation: 'shared',
        plugins: path.join(import.meta.dirname, 'mutants.ts'),
      },
    }
  }

  /** @returns what came of each mirror */
  async run(): Promise<readonly Outcome[]> {
    const { kills, groups, mirrors } = this.#options
    await this.#source.admin.ensureTopics([{ topic: TOPIC, partitions: PARTITIONS, replicationFactor: 1 }])
    const orders = new Orders(this.#source, TOPIC, this.#random)
    const movers = Array.from({ length: groups }, (_, i) => {
      return new Mover(this.#source, `mover-${i}`, TOPIC, new SeededRandom(this.#options.seed * 100 + i))
    })
    const writing = orders.run()
    for (const mover of movers) mover.start()
    await this.#restart()
    await this.#createConnectors()
    for (let kill = 0; kill < kills; kill++) {
      await this.#advance()
      await new Promise((resolve) => void setTimeout(resolve, 300 + this.#random.below(900)))
      // Some stop while their records are being mirrored, others while nobody mirrors, the last one behind everything.
      const mover = movers[kill % movers.length]!
      if (kill % 2 === 0) {
        await mover.stop()
        await this.#advance()
        await new Promise((resolve) => void setTimeout(resolve, this.#random.below(500)))
      }
      await this.#worker!.end('SIGKILL')
      if (kill % 2 === 1) await mover.stop()
      await this.#restart()
    }
    orders.stop()
    await writing
    for (const mover of movers.slice(kills)) await mover.stop()
    const [here, places] = await Promise.all([
      read(addressOf(this.#options.from), [TOPIC], [EVERYTHING]),
      this.#arrive(orders.ends),
    ])
    const source = here.records.get(EVERYTHING)!
    await this.#worker!.end('SIGTERM')
    const ids = movers.map(({ groupId }) => groupId)
    const target = await read(addressOf(this.#options.to), mirrors.map(topicOf), [EVERYTHING, ...ids], MIRROR.alias)
    return mirrors.map((mirror) => outcomeOf({ mirror, source, target, movers, places }))
  }

  async stop(): Promise<void> {
    await this.#worker?.end('SIGKILL')
    await this.#source.close()
  }

  tail(): string {
    return this.#worker?.tail() ?? ''
  }

  async #restart(): Promise<void> {
    this.#worker = await ConnectWorkerProcess.start('sluice', this.#cluster)
  }

  async #createConnectors(): Promise<void> {
    const { from, to, mirrors } = this.#options
    for (const mirror of mirrors) {
      const common = {
        'source.cluster.alias': mirror.alias,
        'target.cluster.alias': `${mirror.alias}-there`,
        'source.cluster.bootstrap.servers': addressOf(from),
        'target.cluster.bootstrap.servers': addressOf(to),
        topics: TOPIC,
        'heartbeats.replication.enabled': 'false',
        'offset-syncs.topic.replication.factor': '1',
        'tasks.max': '2',
      }
      await this.#worker!.must('PUT', `/connectors/${mirror.alias}-source/config`, {
        ...common,
        'connector.class': mirror.source,
        'replication.factor': '1',
        'refresh.topics.interval.seconds': '1',
        'exactly.once.support': 'required',
      })
      await this.#worker!.must('PUT', `/connectors/${mirror.alias}-checkpoint/config`, {
        ...common,
        'connector.class': 'org.apache.kafka.connect.mirror.MirrorCheckpointConnector',
        groups: 'mover-.*',
        'checkpoints.topic.replication.factor': '1',
        'refresh.groups.interval.seconds': '1',
        'emit.checkpoints.interval.seconds': '1',
        'sync.group.offsets.enabled': 'true',
        'sync.group.offsets.interval.seconds': '1',
      })
    }
  }

  /** Until something was mirrored that was not when this was called. */
  async #advance(): Promise<void> {
    const before = await this.#mirrored(MIRROR)
    const hasMoved = async (): Promise<boolean> => sum(await this.#mirrored(MIRROR)) > sum(before)
    await until('something is mirrored', hasMoved, ARRIVE_MS)
  }

  /** Until everything is mirrored, and groups stand where they are to go on: those places, by group. */
  async #arrive(ends: ReadonlyMap<number, number>): Promise<ReadonlyMap<string, readonly Place[]>> {
    const { mirrors, to, groups } = this.#options
    for (const mirror of mirrors)
      await until(
        `everything is mirrored by ${mirror.alias}`,
        async () => {
          const there = await this.#mirrored(mirror)
          return [...ends].every(([partition, offset]) => (there.get(partition) ?? -1) >= offset)
        },
        ARRIVE_MS,
      )
    const target = await connect({ bootstrapServers: addressOf(to) })
    try {
      const ids = Array.from({ length: groups }, (_, i) => `mover-${i}`)
      let places: readonly (readonly [string, readonly Place[]])[] = []
      let since = performance.now()
      const isSettled = async (): Promise<boolean> => {
        const offsets = await target.admin.groups.offsets(ids)
        const now = offsets.map(({ item, value }) => [item, value ?? []] as const)
        if (JSON.stringify(now) !== JSON.stringify(places)) since = performance.now()
        places = now
        return performance.now() - since > SETTLED_MS
      }
      await until('groups stand where they go on', isSettled, ARRIVE_MS)
      return new Map(places)
    } finally {
      await target.close()
    }
  }

  /** By partition, the offset of the source up to which the mirror's positions say that it has come. */
  async #mirrored({ alias }: Mirror): Promise<ReadonlyMap<number, number>> {
    const { body } = await this.#worker!.ask('GET', `/connectors/${alias}-source/offsets`).catch(() => ({ body: null }))
    const { offsets = [] } = (body ?? {}) as {
      readonly offsets?: readonly {
        readonly partition: { readonly partition: number }
        readonly offset: { readonly offset: number }
      }[]
    }
    return new Map(offsets.map(({ partition, offset }) => [partition.partition, offset.offset]))
  }
}

function addressOf({ port }: BrokerOnTrial): string {
  return `127.0.0.1:${port}`
}

function topicOf({ alias }: Mirror): string {
  return `${alias}.${TOPIC}`
}

function sum(offsets: ReadonlyMap<number, number>): number {
  return [...offsets.values()].reduce((all, offset) => all + offset, 0)
}

interface Found {
  readonly mirror: Mirror
  readonly source: readonly ReadRecord[]
  readonly target: Readings
  readonly movers: readonly Mover[]
  /** Where the groups stood when they began to read there. */
  readonly places: ReadonlyMap<string, readonly Place[]>
}

function outcomeOf({ mirror, source, target, movers, places }: Found): Outcome {
  const topic = topicOf(mirror)
  const mirrored = target.records.get(EVERYTHING)!.filter((record) => record.topic === topic)
  const times = countsOf(mirrored.map(({ name }) => name))
  const groups = movers.map(({ groupId, consumed }) => {
    const there = target.records.get(groupId)!.filter((record) => record.topic === topic)
    const counts = countsOf([...consumed, ...there.map(({ name }) => name)])
    const told = target.checkpoints.get(groupId)!.filter((place) => place.topic === topic)
    return {
      consumed: consumed.size,
      goneOnWith: there.length,
      missing: source.filter(({ name }) => !counts.has(name)).length,
      again: repeated(counts),
      unlike: placesText(told) === placesText(places.get(groupId)!.filter((place) => place.topic === topic)) ? 0 : 1,
    }
  })
  const total = (figure: (group: (typeof groups)[number]) => number): number =>
    groups.reduce((all, group) => all + figure(group), 0)
  return {
    mirror,
    records: source.length,
    lost: source.filter(({ name }) => !times.has(name)).length,
    twice: repeated(times),
    differences: Array.from({ length: PARTITIONS }, (_, partition) => difference(source, mirrored, partition)).flat(),
    consumed: total((group) => group.consumed),
    goneOnWith: total((group) => group.goneOnWith),
    missing: total((group) => group.missing),
    again: total((group) => group.again),
    unlike: mirror === MIRROR ? total((group) => group.unlike) : 0,
  }
}

/** Where a partition is first not what it is on the source. */
function difference(source: readonly ReadRecord[], mirrored: readonly ReadRecord[], partition: number): string[] {
  const [here, there] = [source, mirrored].map((all) => all.filter((record) => record.partition === partition))
  const at = here!.findIndex(({ bytes }, i) => bytes !== there![i]?.bytes)
  if (at === -1 && here!.length === there!.length) return []
  const text = (record: ReadRecord | undefined): string =>
    record === undefined ? 'nothing' : `${record.name} at ${record.offset}: ${record.bytes}`
  return [`partition ${partition}, record ${at}: ${text(here![at])} is there ${text(there![at])}`]
}

function placesText(places: readonly Place[]): string {
  const texts = places.map(({ partition, offset }) => `${partition} ${offset}`)
  return texts.toSorted().join('\n')
}

function countsOf(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

function repeated(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((all, count) => all + count - 1, 0)
}
