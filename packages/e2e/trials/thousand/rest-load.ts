import http from 'node:http'
import { percentile } from '../isolation/answers.ts'

const ANSWER_MS = 60_000

export interface Offered {
  readonly name: string
  readonly method: 'GET' | 'PUT'
  /** What the nth request asks for. */
  readonly path: (n: number) => string
  readonly body?: (n: number) => unknown
  readonly perSecond: number
  /** What the reference wants of the p99, on larger machines. */
  readonly targetMs: number
}

/** All answers of REST of the whole trial, by status; 0: none came. */
export class AnswerCounts {
  readonly #counts = new Map<number, number>()

  note(status: number): void {
    this.#counts.set(status, (this.#counts.get(status) ?? 0) + 1)
  }

  /** What must not be: 5xx, and requests without an answer. */
  get wrong(): number {
    return [...this.#counts].reduce((sum, [status, count]) => sum + (status === 0 || status >= 500 ? count : 0), 0)
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }

  shown(): string {
    return [...this.#counts]
      .toSorted(([a], [b]) => a - b)
      .map(([status, count]) => `${status}: ${count}`)
      .join(', ')
  }
}

/** Asks at a rate, whether or not the answers keep up, and says how long they took: from when each was due. */
export async function offer(url: string, offered: Offered, forMs: number, counts: AnswerCounts): Promise<string> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 50 })
  const took: number[] = []
  const one = async (n: number, dueAt: number): Promise<void> => {
    counts.note(await ask(url, offered, n, agent))
    took.push(performance.now() - dueAt)
  }
  const begun = performance.now()
  const requests: Promise<void>[] = []
  const total = Math.round((offered.perSecond * forMs) / 1000)
  for (let n = 0; n < total; n++) {
    const dueAt = begun + (n * 1000) / offered.perSecond
    const waitMs = dueAt - performance.now()
    if (waitMs > 0) await new Promise((resolve) => void setTimeout(resolve, waitMs))
    requests.push(one(n, dueAt))
  }
  await Promise.all(requests)
  agent.destroy()
  const [p50, p99] = [percentile(took, 0.5), percentile(took, 0.99)].map((value) => value.toFixed(1))
  return `${offered.name} at ${offered.perSecond}/s: ${took.length} answers, p50 ${p50} ms, p99 ${p99} ms (target ${offered.targetMs} ms)`
}

function ask(url: string, { method, path, body }: Offered, n: number, agent: http.Agent): Promise<number> {
  return new Promise((resolve) => {
    const text = body === undefined ? undefined : JSON.stringify(body(n))
    const headers =
      text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
    const request = http.request(url + path(n), { method, agent, headers, timeout: ANSWER_MS }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', () => resolve(0))
    })
    request.on('timeout', () => request.destroy(new Error('no answer')))
    request.on('error', () => resolve(0)).end(text)
  })
}
