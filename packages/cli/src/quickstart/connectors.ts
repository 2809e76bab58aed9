/** The connectors of a run as an operator has them: over the worker's REST interface, and by nothing else. */
import { SluiceError, systemClock, type RawSettings } from '@sluice/sdk'
import { isIn } from '../connect/waiting.ts'
import { LOOK_MS } from './watch.ts'
import { ConnectClient, type ConnectorStatusShown, type OffsetShown, type WorkShown } from '@sluice/worker/client'

/** What a failed task says in the first lines is why, and what to do; others are what its process wrote last. */
const REASON_LINES = 6
const STOPS_MS = 60_000

export class Connectors {
  readonly #client: ConnectClient
  readonly #workerId: string
  readonly #signal: AbortSignal

  /** @param url of the worker; aborting the signal gives up whatever is being asked, with INTERRUPTED */
  constructor(url: string, signal: AbortSignal) {
    this.#client = new ConnectClient({ server: url })
    this.#workerId = new URL(url).host
    this.#signal = signal
  }

  /**
   * Makes a connector or changes it; one that is there as it should be is left alone. One that is changed is stopped first: what it is said
   * to do afterwards, it does by the new settings.
   * @throws SluiceError CONNECT_INVALID
   */
  async put(config: RawSettings): Promise<void> {
    const path = { connector: config['name']! }
    const before = await this.#client.call('connectorConfig', { path }, this.#signal).catch(ifMissing)
    if (before === null || !isSame(before, config)) {
      if (before !== null) await this.#stop(config['name']!)
      await this.#client.call('putConnectorConfig', { path, body: config }, this.#signal)
    }
    // A run that was killed in the middle of a change has left it stopped.
    if (before !== null) await this.#client.call('resumeConnector', { path }, this.#signal)
  }

  async #stop(name: string): Promise<void> {
    const path = { connector: name }
    await this.#client.call('stopConnector', { path }, this.#signal)
    const until = systemClock.monotonic() + STOPS_MS
    for (;;) {
      if (isIn(await this.#client.call('connectorStatus', { path }, this.#signal), 'STOPPED')) return
      if (systemClock.monotonic() > until)
        throw new SluiceError('INTERNAL', `The connector ${name} has not stopped within ${STOPS_MS} ms`)
      await systemClock.sleep(LOOK_MS, this.#signal)
    }
  }

  /**
   * Whether all of them and their tasks run.
   * @throws SluiceError TASK_FAILED with the reason of one that does not and will not
   */
  async areRunning(names: readonly string[]): Promise<boolean> {
    const statuses = await this.#client.expanded(['status'], this.#signal)
    return names.map((name) => this.#isRunning(name, statuses[name]?.status)).every((isRunning) => isRunning)
  }

  /** How far it has come, as it is stored. Of a source in its own words, of a sink `kafka_topic`, `kafka_partition`, `kafka_offset`. */
  async offsets(name: string): Promise<readonly OffsetShown[]> {
    return (await this.#client.call('connectorOffsets', { path: { connector: name } }, this.#signal)).offsets
  }

  /** What the first task of a connector measures under these names; null where it has measured nothing. */
  async measured(name: string, metrics: readonly string[]): Promise<readonly (number | null)[]> {
    const lines = (await this.#client.call('metrics', {}, this.#signal)).split('\n')
    return metrics.map((metric) => {
      const beginning = `${metric}{connector="${name}",task="0"} `
      const found = lines.find((line) => line.startsWith(beginning))
      return found === undefined ? null : Number(found.slice(beginning.length))
    })
  }

  #isRunning(name: string, status: ConnectorStatusShown | undefined): boolean {
    if (status === undefined) return false
    const { connector, tasks } = status
    // What a worker before this one said is of the past.
    const own = [connector, ...tasks].filter(({ worker_id }) => worker_id === this.#workerId)
    const failed = own.find(({ state }) => state === 'FAILED')
    if (failed !== undefined) throw failure(name, failed)
    return tasks.length > 0 && own.length === tasks.length + 1 && own.every(({ state }) => state === 'RUNNING')
  }
}

function ifMissing(error: unknown): null {
  if (error instanceof SluiceError && error.code === 'CONNECT_UNKNOWN') return null
  throw error
}

function isSame(one: RawSettings, other: RawSettings): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].every((name) => one[name] === other[name])
}

function failure(name: string, failed: WorkShown & { readonly id?: number }): SluiceError {
  const lines = (failed.trace ?? '').split('\n')
  const remedy = lines.slice(REASON_LINES).filter((line) => line.startsWith('  What to do: '))
  const reason = [...lines.slice(0, REASON_LINES), ...remedy].join('\n')
  const facts = failed.id === undefined ? {} : { place: { task: failed.id } }
  return new SluiceError('TASK_FAILED', `The connector ${name} failed: ${reason}`, facts)
}
