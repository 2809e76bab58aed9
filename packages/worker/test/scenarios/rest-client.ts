/** A worker as its operators see it: REST, and what is to become true of connectors. */
import type { RawSettings } from '@sluice/sdk'
import { eventually } from '../support/eventually.ts'

const ANSWER_MS = 30_000
const SETTLE_MS = 20_000

export interface Answer {
  readonly status: number
  readonly body: unknown
}

export interface WorkStatus {
  readonly state: string
  readonly worker_id: string
  readonly trace?: string
}

export interface Status {
  readonly name: string
  readonly connector: WorkStatus
  readonly tasks: readonly (WorkStatus & { readonly id: number })[]
}

export class RestClient {
  /** Without a slash at the end. */
  readonly url: string

  constructor(url: string) {
    this.url = url
  }

  get workerId(): string {
    return new URL(this.url).host
  }

  async ask(
    method: string,
    resource: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const answer = await fetch(this.url + resource, {
      method,
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(body === undefined
        ? { headers }
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }),
    })
    const text = await answer.text()
    const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true
    return { status: answer.status, body: isJson ? (JSON.parse(text) as unknown) : text === '' ? undefined : text }
  }

  /** The body of an answer below 300; a 409 of a rebalance is asked again. */
  async must(method: string, resource: string, body?: unknown): Promise<unknown> {
    let last: Answer | undefined
    await eventually(`${method} ${resource} is answered`, async () => {
      last = await this.ask(method, resource, body)
      return last.status !== 409
    })
    if (last!.status < 300) return last!.body
    throw new Error(`${method} ${resource} is answered ${last!.status}: ${JSON.stringify(last!.body)}`)
  }

  /** Creates the connector or changes its settings. */
  configure(name: string, config: RawSettings): Promise<unknown> {
    return this.must('PUT', `/connectors/${name}/config`, config)
  }

  /** Undefined: nothing is known of it. */
  async status(name: string): Promise<Status | undefined> {
    const { status, body } = await this.ask('GET', `/connectors/${name}/status`)
    return status === 200 ? (body as Status) : undefined
  }

  async statuses(): Promise<ReadonlyMap<string, Status>> {
    const found = (await this.must('GET', '/connectors?expand=status')) as Record<string, { readonly status: Status }>
    return new Map(Object.entries(found).map(([name, { status }]) => [name, status]))
  }

  /** `RUNNING/RUNNING,FAILED`: the connector, then its tasks; '' when nothing is known of it. */
  async stateOf(name: string): Promise<string> {
    const status = await this.status(name)
    return status === undefined ? '' : `${status.connector.state}/${status.tasks.map(({ state }) => state).join(',')}`
  }

  /** Waits until it is in this state, written as `stateOf` does. */
  async becomes(name: string, state: string): Promise<void> {
    let last = ''
    await eventually(`${name} is ${state}`, async () => (last = await this.stateOf(name)) === state, SETTLE_MS).catch(
      async (error: unknown) => {
        throw new Error(`${name} is ${last}, not ${state}: ${JSON.stringify(await this.status(name))}`, {
          cause: error,
        })
      },
    )
  }

  /** Waits until it runs with so many tasks. */
  runs(name: string, tasks: number): Promise<void> {
    return this.becomes(name, `RUNNING/${Array.from({ length: tasks }, () => 'RUNNING').join(',')}`)
  }

  /** Waits until nothing is known of it. */
  forgets(name: string): Promise<void> {
    return this.becomes(name, '')
  }
}
