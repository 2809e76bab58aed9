/** Workers with processors, as an operator sees them: REST alone, on the broker of the tests. */
import { fileURLToPath } from 'node:url'
import type { RawSettings } from '@sluice/sdk'
import { ConnectCluster } from '../scenarios/connect-cluster.ts'
import type { RestClient } from '../scenarios/rest-client.ts'
import { eventually } from '../support/eventually.ts'
import type { TestCluster } from '../support/test-cluster.ts'

export const AILING: string = fileURLToPath(new URL('ailing-processor.ts', import.meta.url))
const SETTLE_MS = 120_000

export interface ShownStatus {
  readonly lag?: { readonly highest: number | null }
  readonly state: string
  readonly deployment: number
  readonly instances: readonly {
    readonly id: number
    readonly worker_id: string
    readonly state: string
    readonly deployment: number
    readonly streams_state: string | null
    readonly trace?: string
  }[]
  readonly tasks: readonly {
    readonly id: string
    readonly instance: number
    readonly worker_id: string
    readonly partitions: readonly { readonly topic: string; readonly partition: number }[]
  }[]
}

/** Cells are looked at often; but none is ended, and no member put out, which only has to wait for the machine. */
export const QUICK: RawSettings = {
  isolation: 'connector',
  'cell.heartbeat.interval.ms': '100',
  'cell.stall.timeout.ms': '30000',
  'cell.memory.max.bytes': '314572800',
  'task.shutdown.graceful.timeout.ms': '30000',
  // Of the workers' group; and how long a cell goes on that hears nothing from its worker.
  'session.timeout.ms': '30000',
}
/** Of a processor that is killed: its group is to miss it soon. Whoever is missed though he lives comes back, and only does some of it again. */
export const MORTAL: RawSettings = { 'session.timeout.ms': '6000' }

export class ProcessorWorld {
  readonly cluster: ConnectCluster
  readonly kafka: TestCluster

  constructor(kafka: TestCluster, settings: RawSettings = {}) {
    this.kafka = kafka
    this.cluster = new ConnectCluster({ ...QUICK, ...settings })
  }

  config(input: string, more: RawSettings = {}): RawSettings {
    return {
      'processor.class': AILING,
      'input.topic': input,
      'output.topic': `${input}-out`,
      'commit.interval.ms': '100',
      'session.timeout.ms': '30000',
      'heartbeat.interval.ms': '300',
      ...more,
    }
  }

  async status(worker: RestClient, name: string): Promise<ShownStatus | null> {
    const { status, body } = await worker.ask('GET', `/v1/processors/${name}/status`)
    return status === 200 ? (body as ShownStatus) : null
  }

  async becomes(
    worker: RestClient,
    name: string,
    what: string,
    isSo: (status: ShownStatus) => boolean,
  ): Promise<ShownStatus> {
    let last: ShownStatus | null = null
    await eventually(
      `${name} ${what}`,
      async () => (last = await this.status(worker, name)) !== null && isSo(last),
      SETTLE_MS,
    ).catch((error: unknown) => {
      throw new Error(`${name} is ${JSON.stringify(last)}`, { cause: error })
    })
    return last!
  }

  runs(worker: RestClient, name: string): Promise<ShownStatus> {
    return this.becomes(worker, name, 'runs', ({ state, tasks }) => state === 'RUNNING' && tasks.length > 0)
  }

  /** Waits until the topic has these values, in whatever order, and no other; at least once, as processors run here. */
  async arrives(topic: string, values: readonly string[]): Promise<void> {
    let last: readonly string[] = []
    await eventually(
      `${topic} has ${values.join()}`,
      async () => {
        const records = await this.kafka.read(topic).catch(() => [])
        last = [...new Set(records.map(({ value }) => Buffer.from(value ?? []).toString()))].toSorted()
        return last.join() === [...new Set(values)].toSorted().join()
      },
      SETTLE_MS,
    ).catch((error: unknown) => {
      throw new Error(`${topic} has ${last.join()}`, { cause: error })
    })
  }
}
