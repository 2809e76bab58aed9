import { BatchAppender } from '@sluice/kafka-protocol'
import type { ApiHandler } from '../../src/api/handler.ts'
import { ApiError } from '../../src/api/handler.ts'
import type { Broker, OwnRecord, Partition, PartitionLog, ProducerStamp, Topic } from '../../src/broker.ts'
import { BrokerClock } from '../../src/clock.ts'
import { openStateFile, type StateFile } from '../../src/settings/state-file.ts'
import { ProducerIds, TransactionCoordinator, transactionApis } from '../../src/transactions/index.ts'

/** What outlives a restart: logs and files. */
export class Disk {
  readonly producerIds: StateFile = openStateFile(undefined, 'producer-ids')
  readonly topics = new Map<string, FakeTopic>()
}

export interface Marker extends ProducerStamp {
  readonly type: 'commit' | 'abort'
  readonly coordinatorEpoch: number
}

export class FakeLog {
  readonly batches: Uint8Array[] = []
  readonly records: OwnRecord[] = []
  readonly markers: Marker[] = []
  /** Every append fails with this while it is set. */
  failure: ApiError | undefined

  appendOwn(records: readonly OwnRecord[]): void {
    if (this.failure !== undefined) throw this.failure
    const bytes = records.reduce((sum, { key, value }) => sum + 100 + (key?.length ?? 0) + (value?.length ?? 0), 100)
    const appender = new BatchAppender(new Uint8Array(bytes))
    for (const { key, value } of records) appender.append(key, value, 0)
    this.batches.push(appender.seal({}).slice())
    this.records.push(...records)
  }

  appendMarker(type: Marker['type'], { producerId, producerEpoch }: ProducerStamp, coordinatorEpoch: number): void {
    if (this.failure !== undefined) throw this.failure
    this.markers.push({ type, producerId, producerEpoch, coordinatorEpoch })
  }

  replay(_: number, onBatch: (records: Uint8Array) => void): void {
    for (const batch of this.batches) onBatch(batch)
  }
}

export class FakeTopic {
  readonly name: string
  readonly isInternal: boolean
  readonly logs: FakeLog[]
  readonly leaders: number[]

  constructor(name: string, partitions: number, isInternal: boolean) {
    this.name = name
    this.isInternal = isInternal
    this.logs = Array.from({ length: partitions }, () => new FakeLog())
    this.leaders = this.logs.map(() => 1)
  }

  get partitions(): Partition[] {
    return this.logs.map((log, index) => ({
      topic: this as unknown as Topic,
      index,
      leader: this.leaders[index]!,
      leaderEpoch: 3,
      log: log as unknown as PartitionLog,
    }))
  }
}

const SETTINGS: Readonly<Record<string, string>> = {
  'transaction.max.timeout.ms': '900000',
  'transactional.id.expiration.ms': '604800000',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '10000',
  'transaction.remove.expired.transaction.cleanup.interval.ms': '3600000',
  'transaction.state.log.num.partitions': '4',
  'transaction.state.log.segment.bytes': '1048576',
  'transaction.partition.verification.enable': 'true',
}

/** A broker that is only as whole as the transaction coordinator needs it, on a clock that stands still. */
export class Bench {
  readonly clock = new BrokerClock()
  readonly disk: Disk
  readonly broker: Broker
  readonly coordinator: TransactionCoordinator
  readonly offsetsEnded: { partition: number; producerId: number; isCommitted: boolean }[] = []
  readonly deleted: ((topic: Topic) => void)[] = []
  readonly logged: string[] = []
  lateMarkersMs = 0
  transactionVersion: number
  coordinatorNode = 1
  denied = ''

  constructor(options: { disk?: Disk; transactionVersion?: number; release?: Broker['release'] } = {}) {
    const { disk = new Disk(), transactionVersion = 2, release = '4.3' } = options
    this.disk = disk
    this.transactionVersion = transactionVersion
    this.clock.freeze()
    if (!disk.topics.has('orders')) disk.topics.set('orders', new FakeTopic('orders', 3, false))
    if (!disk.topics.has('__consumer_offsets')) {
      disk.topics.set('__consumer_offsets', new FakeTopic('__consumer_offsets', 2, true))
    }
    const may = (_: unknown, operation: string, resource: string): boolean => `${operation} ${resource}` !== this.denied
    const broker = {
      clock: this.clock,
      release,
      nodes: { coordinatorOf: () => this.coordinatorNode },
      settings: {
        number: (name: string) => Number(SETTINGS[name]),
        boolean: (name: string) => SETTINGS[name] === 'true',
        text: (name: string) => SETTINGS[name],
      },
      topics: {
        get: (name: string) => disk.topics.get(name),
        all: () => disk.topics.values(),
        partition: (name: string, index: number) => disk.topics.get(name)?.partitions[index],
        create: (name: string, partitions: number, _: unknown, isInternal: boolean) => {
          disk.topics.set(name, new FakeTopic(name, partitions, isInternal))
          return disk.topics.get(name)
        },
        onDelete: (listener: (topic: Topic) => void) => this.deleted.push(listener),
      },
      groups: {
        partitionOf: () => 1,
        transactionEnded: (partition: number, producerId: number, isCommitted: boolean) =>
          this.offsetsEnded.push({ partition, producerId, isCommitted }),
      },
      access: { may, mayAnywhere: may },
      faults: { throttleMs: 0 } as Broker['faults'],
      feature: (name: string) => (name === 'transaction.version' ? this.transactionVersion : 0),
      log: (_: string, message: string) => this.logged.push(message),
    }
    Object.defineProperty(broker.faults, 'lateMarkersMs', { get: () => this.lateMarkersMs })
    this.coordinator = new TransactionCoordinator(broker as unknown as Broker, new ProducerIds(disk.producerIds))
    this.broker = Object.assign(broker, { transactions: this.coordinator }) as unknown as Broker
    this.coordinator.start()
  }

  log(topic: string, partition = 0): FakeLog {
    return this.disk.topics.get(topic)!.logs[partition]!
  }

  /** The same disk under a new process. */
  restart(): Bench {
    this.coordinator.stop()
    this.clock.stop()
    return new Bench({ disk: this.disk, transactionVersion: this.transactionVersion })
  }

  /** Lets what is left for the next turn of the event loop happen. */
  async turn(): Promise<void> {
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
  }

  /** Asks an API, as a client would; the answer in the API's own form. */
  ask(api: string, version: number, body: unknown): Record<string, unknown> {
    const handler = transactionApis.find((one) => one.api === api) as ApiHandler
    const request = { api, version, body, node: 1, client: {}, clientId: null, correlationId: 0 }
    try {
      return handler.handle(request as never, this.broker) as unknown as Record<string, unknown>
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return handler.refuse(request as never, error.errorCode, error.message) as unknown as Record<string, unknown>
    }
  }
}
