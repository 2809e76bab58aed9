import { type ApiName, type RequestInput, type ResponseBody, apiVersions } from '@sluice/kafka-protocol'
import { RawClient } from '../support/raw-client.ts'

/**
 * Asks about groups and writes down the answers, so that the transcripts of two brokers can be compared: what each of them makes up
 * (ids of members and topics) stands there by the order in which it was first seen, and what has no order is sorted.
 */
export class GroupScribe {
  readonly transcript: string[] = []
  readonly group: string
  readonly topic: string
  topicId = ''
  readonly #port: number
  readonly #host: string
  readonly #isCluster: boolean
  readonly #clients: RawClient[] = []
  #offered: ReadonlyMap<number, number> = new Map()
  readonly #seen = new Map<string, string>()

  constructor(port: number, name: string, peerHost?: string) {
    this.#port = port
    this.#host = peerHost ?? '127.0.0.1'
    this.#isCluster = peerHost !== undefined
    this.group = `group-${name}`
    this.topic = `topic-${name}`
    this.#seen.set(this.group, 'GROUP').set(this.topic, 'TOPIC')
  }

  /** A connection of its own: a broker answers one request of a connection at a time. */
  async client(): Promise<RawClient> {
    const client = await RawClient.open(this.#port, this.#host)
    this.#clients.push(client)
    return client
  }

  async begin(partitions = 6): Promise<void> {
    const client = await this.client()
    const { apiKeys } = await client.send(
      'ApiVersions',
      { clientSoftwareName: 'scribe', clientSoftwareVersion: '1' },
      3,
    )
    this.#offered = new Map(apiKeys.map(({ apiKey, maxVersion }) => [apiKey, maxVersion]))
    const topic = { name: this.topic, numPartitions: partitions, replicationFactor: 1, assignments: [], configs: [] }
    const { topics } = await client.send('CreateTopics', { topics: [topic], timeoutMs: 10_000 })
    this.topicId = topics[0]!.topicId
    this.#seen.set(this.topicId, 'TOPIC-ID')
    await this.until(async () => {
      const answer = await client.send('FindCoordinator', { keyType: 0, coordinatorKeys: [this.group] })
      return answer.coordinators[0]!.errorCode === 0
    })
    await this.until(async () => {
      const { groups } = await client.send('DescribeGroups', { groups: [this.group] }, 4)
      return groups[0]!.errorCode === 0
    })
    await this.until(async () => {
      const answer = await client.send('Metadata', { topics: [{ topicId: NO_ID, name: this.topic }] }, 12)
      return answer.topics[0]?.partitions.length === partitions
    })
    // A coordinator hears of topics in a way of its own, which cannot be asked.
    await this.settle(500)
  }

  end(): void {
    for (const client of this.#clients) client.close()
  }

  /** Asks, and writes down. */
  async ask<N extends ApiName>(
    label: string,
    api: N,
    body: RequestInput<N>,
    version?: number,
    client = this.#clients[0]!,
  ): Promise<ResponseBody<N>> {
    return this.say(label, await client.send(api, body, this.#capped(api, version)))
  }

  say<T>(label: string, answer: T): T {
    const text = JSON.stringify(answer, (key, value: unknown) => {
      if (key === 'throttleTimeMs') return undefined
      if (value instanceof Uint8Array) return Buffer.from(value).toString()
      return Array.isArray(value) ? this.#sorted(value) : value
    })
    this.transcript.push(`${label}: ${text.replaceAll(/"([^"]*)"/g, (_, word: string) => `"${this.#named(word)}"`)}`)
    return answer
  }

  /** Older releases are asked in the newest version that they have. */
  #capped(api: ApiName, version: number = apiVersions(api).stableVersion): number {
    return Math.min(version, this.#offered.get(apiVersions(api).key) ?? version)
  }

  /** The first connection. */
  clientOf(): RawClient {
    return this.#clients[0]!
  }

  /** What is listed of this group. */
  async list(filter: RequestInput<'ListGroups'>): Promise<ResponseBody<'ListGroups'>['groups']> {
    const { groups } = await this.clientOf().send('ListGroups', filter)
    return groups.filter(({ groupId }) => groupId === this.group)
  }

  /** Time that a cluster needs, and one process does not. */
  async settle(ms: number): Promise<void> {
    if (this.#isCluster) await this.pause(ms)
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void setTimeout(resolve, ms))
  }

  /** Asks until it holds; at most ten seconds. */
  async until(holds: () => Promise<boolean>): Promise<void> {
    for (let i = 0; i < 200; i++) {
      if (await holds()) return
      await this.pause(50)
    }
    throw new Error('It never came true')
  }

  #sorted(list: readonly unknown[]): unknown[] {
    const first: unknown = list[0]
    if (typeof first !== 'object' || first === null) return [...list]
    const by = ['partitionIndex', 'groupId', 'name', 'topicName', 'memberId'].find((key) => key in first)
    // What LeaveGroup says of members is in the order of the request.
    if (by === undefined || (by === 'memberId' && 'errorCode' in first)) return [...list]
    const value = (one: unknown): string => this.#named(String((one as Record<string, unknown>)[by])).padStart(10)
    return list.toSorted((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0))
  }

  #named(word: string): string {
    let text = word.replaceAll(this.group, 'GROUP').replaceAll(this.topic, 'TOPIC')
    const made = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|^[\w-]{22}$/.exec(text)?.[0]
    if (made === undefined || made === NO_ID) return text
    let name = this.#seen.get(made)
    if (name === undefined) this.#seen.set(made, (name = `ID-${this.#seen.size}`))
    text = text.replace(made, name)
    return text
  }
}

export const NO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'
