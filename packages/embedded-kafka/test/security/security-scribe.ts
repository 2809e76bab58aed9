import { type ApiName, type RequestInput, type ResponseBody, kafkaError } from '@sluice/kafka-protocol'
import { RawClient } from '../support/raw-client.ts'

export const NO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

/** A broker with an authorizer: `alice` (PLAIN, alice-secret) may do what ACLs say, the administrator everything. */
export interface Guarded {
  admin(): Promise<RawClient>
  /** Where SASL is asked for. */
  readonly saslPort: number
  /** How long it may take until what was changed counts. */
  readonly settleMs: number
}

/** Sends requests and writes down what came back, without names that differ by run. */
export class SecurityScribe implements AsyncDisposable {
  readonly transcript: string[] = []
  readonly admin: RawClient
  readonly #broker: Guarded
  readonly #suffix: string
  readonly #opened: RawClient[] = []

  static async open(broker: Guarded, suffix: string): Promise<SecurityScribe> {
    return new SecurityScribe(broker, await broker.admin(), suffix)
  }

  private constructor(broker: Guarded, admin: RawClient, suffix: string) {
    this.#broker = broker
    this.#suffix = suffix
    this.admin = admin
    this.#opened.push(admin)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#opened) client.close()
  }

  name(base: string): string {
    return `${base}-${this.#suffix}`
  }

  note(step: string, outcome: string): void {
    this.transcript.push(`${step}: ${outcome}`.replaceAll(`-${this.#suffix}`, ''))
  }

  /** Another connection of the administrator, for requests that may end it. */
  async administrator(): Promise<RawClient> {
    const client = await this.#broker.admin()
    this.#opened.push(client)
    return client
  }

  replaceLast(what: RegExp, by: string): void {
    this.transcript.push(this.transcript.pop()!.replace(what, by))
  }

  /** A connection to the listener that asks for SASL. */
  async stranger(): Promise<RawClient> {
    const client = await RawClient.open(this.#broker.saslPort)
    this.#opened.push(client)
    return client
  }

  async alice(): Promise<RawClient> {
    const client = await this.stranger()
    await logIn(client, 'alice', 'alice-secret')
    return client
  }

  /** Sends, and tells what became of it: an answer, or the end of the connection. */
  async ask<N extends ApiName>(
    step: string,
    client: RawClient,
    api: N,
    body: RequestInput<N>,
    tell: (answer: ResponseBody<N>) => string,
    version?: number,
  ): Promise<void> {
    const outcome = client.send(api, body, version).then(tell, () => 'closed')
    this.note(step, await outcome)
  }

  settle(): Promise<void> {
    return new Promise((resolve) => void setTimeout(resolve, this.#broker.settleMs))
  }
}

export function plainToken(user: string, password: string, authorizationId = ''): Buffer {
  return Buffer.from(`${authorizationId}\0${user}\0${password}`)
}

export async function logIn(client: RawClient, user: string, password: string): Promise<void> {
  await client.send('SaslHandshake', { mechanism: 'PLAIN' }, 1)
  const { errorCode } = await client.send('SaslAuthenticate', { authBytes: plainToken(user, password) }, 2)
  if (errorCode !== 0) throw new Error(`${user} cannot log in: ${errorOf(errorCode)}`)
}

export function errorOf(errorCode: number): string {
  return kafkaError(errorCode).name
}
