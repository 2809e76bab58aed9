/** The connectors of a run as an operator has them: over the worker's REST interface, and by nothing else. */
import { SluiceError, systemClock, type RawSettings } from '@sluice/sdk'

interface WorkStatus {
  readonly state: string
  /** `host:port` of the worker that said so. */
  readonly worker_id: string
  readonly trace?: string
}

interface ConnectorStatus {
  readonly connector: WorkStatus
  readonly tasks: readonly (WorkStatus & { readonly id: number })[]
}

/** Of a source: its own words. Of a sink: `kafka_topic`, `kafka_partition`, `kafka_offset`. */
export interface ConnectorOffset {
  readonly partition: Readonly<Record<string, unknown>>
  readonly offset: Readonly<Record<string, unknown>>
}

const ANSWER_MAX_MS = 30_000
const REBALANCE_PAUSE_MS = 50
/** What a failed task says in the first lines is why, and what to do; others are what its process wrote last. */
const REASON_LINES = 6

export class Connectors {
  readonly #url: string
  readonly #workerId: string
  readonly #signal: AbortSignal

  /** @param url of the worker; aborting the signal gives up whatever is being asked */
  constructor(url: string, signal: AbortSignal) {
    this.#url = url
    this.#workerId = new URL(url).host
    this.#signal = signal
  }

  /** Makes a connector or changes it; one that is there as it should be is left alone. @throws SluiceError SETTINGS_INVALID */
  async put(config: RawSettings): Promise<void> {
    const path = `${pathOf(config['name']!)}/config`
    const before = await this.#ask('GET', path)
    if (before.status === 200 && isSame(JSON.parse(before.text) as RawSettings, config)) return
    await this.#demand('PUT', path, config)
  }

  /**
   * Whether all of them and their tasks run.
   * @throws SluiceError TASK_FAILED with the reason of one that does not and will not
   */
  async areRunning(names: readonly string[]): Promise<boolean> {
    const text = await this.#demand('GET', '/connectors?expand=status')
    const statuses = JSON.parse(text) as Readonly<Record<string, { readonly status: ConnectorStatus }>>
    return names.map((name) => this.#isRunning(name, statuses[name]?.status)).every((isRunning) => isRunning)
  }

  /** How far it has come, as it is stored. */
  async offsets(name: string): Promise<readonly ConnectorOffset[]> {
    const text = await this.#demand('GET', `${pathOf(name)}/offsets`)
    return (JSON.parse(text) as { readonly offsets: readonly ConnectorOffset[] }).offsets
  }

  /** What the first task of a connector measures under these names; null where it has measured nothing. */
  async measured(name: string, metrics: readonly string[]): Promise<readonly (number | null)[]> {
    const lines = (await this.#demand('GET', '/metrics')).split('\n')
    return metrics.map((metric) => {
      const beginning = `${metric}{connector="${name}",task="0"} `
      const found = lines.find((line) => line.startsWith(beginning))
      return found === undefined ? null : Number(found.slice(beginning.length))
    })
  }

  #isRunning(name: string, status: ConnectorStatus | undefined): boolean {
    if (status === undefined) return false
    const { connector, tasks } = status
    // What a worker before this one said is of the past.
    const own = [connector, ...tasks].filter(({ worker_id }) => worker_id === this.#workerId)
    const failed = own.find(({ state }) => state === 'FAILED')
    if (failed !== undefined) throw failure(name, failed)
    return tasks.length > 0 && own.length === tasks.length + 1 && own.every(({ state }) => state === 'RUNNING')
  }

  /** What it answers when it does what is asked. */
  async #demand(method: string, path: string, body?: unknown): Promise<string> {
    const { status, text } = await this.#ask(method, path, body)
    if (status < 400) return text
    throw new SluiceError(status === 400 ? 'SETTINGS_INVALID' : 'INTERNAL', messageOf(text), {
      place: { request: `${method} ${path}`, status },
    })
  }

  /** A rebalance, or a leader that nobody knows yet, is waited for. */
  async #ask(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(ANSWER_MAX_MS)])
    const given =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    for (;;) {
      const answer = await fetch(new URL(path, this.#url), { method, signal, ...given })
      const text = await answer.text()
      if (answer.status !== 409) return { status: answer.status, text }
      await systemClock.sleep(REBALANCE_PAUSE_MS, signal)
    }
  }
}

function isSame(one: RawSettings, other: RawSettings): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].every((name) => one[name] === other[name])
}

function pathOf(name: string): string {
  return `/connectors/${encodeURIComponent(name)}`
}

/** A worker's own words; else whatever came. */
function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { readonly message: string }).message
  } catch {
    return text
  }
}

function failure(name: string, failed: WorkStatus & { readonly id?: number }): SluiceError {
  const lines = (failed.trace ?? '').split('\n')
  const remedy = lines.slice(REASON_LINES).filter((line) => line.startsWith('  What to do: '))
  const reason = [...lines.slice(0, REASON_LINES), ...remedy].join('\n')
  const facts = failed.id === undefined ? {} : { place: { task: failed.id } }
  return new SluiceError('TASK_FAILED', `The connector ${name} failed: ${reason}`, facts)
}
