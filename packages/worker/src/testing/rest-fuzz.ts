/**
 * Sends a worker what a contract allows and what it does not. Every answer must be one that the contract has, in its shape, and come in
 * time.
 */
import http from 'node:http'
import { SeededRandom } from '@sluice/sdk/testing'
import { problemOf } from './fuzz-answer.ts'
import { drawRequest, type FuzzRequest } from './fuzz-request.ts'

export interface FuzzOptions {
  readonly requests: number
  readonly seed: number
  /** How many are under way at a time. Default 8. */
  readonly width?: number
  /** An answer that takes longer is none. Default 20,000. */
  readonly timeoutMs?: number
}

export interface FuzzReport {
  readonly requests: number
  /** How many answers had each status. */
  readonly statuses: ReadonlyMap<number, number>
  /** How long each answer took, in milliseconds. */
  readonly tookMs: readonly number[]
  /** 5xx that Connect does not give, answers outside of the contract, hangs and broken connections: with the request. */
  readonly problems: readonly string[]
}

export async function fuzzRest(
  url: string,
  { requests, seed, width = 8, timeoutMs = 20_000 }: FuzzOptions,
): Promise<FuzzReport> {
  const draw = new SeededRandom(seed)
  const agent = new http.Agent({ keepAlive: true, maxSockets: width })
  const statuses = new Map<number, number>()
  const tookMs: number[] = []
  const problems: string[] = []
  let left = requests
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const request = drawRequest(draw)
      const shown = `${request.method} ${request.path.slice(0, 200)} ${JSON.stringify(request.headers)} ${request.body?.toString('utf8', 0, 300) ?? ''}`
      const since = performance.now()
      try {
        const { status, text } = await send(url, request, agent, timeoutMs)
        tookMs.push(performance.now() - since)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        const problem = problemOf(request, status, text)
        if (problem !== '') problems.push(`${problem}: ${shown} → ${status} ${text.slice(0, 300)}`)
      } catch (error) {
        problems.push(`no answer (${String(error)}): ${shown}`)
      }
    }
  }
  await Promise.all(Array.from({ length: width }, one))
  agent.destroy()
  return { requests, statuses, tookMs, problems }
}

async function send(
  base: string,
  request: FuzzRequest,
  agent: http.Agent,
  timeoutMs: number,
): Promise<{ readonly status: number; readonly text: string }> {
  const { hostname, port } = new URL(base)
  const { method, path, body } = request
  const headers = { ...request.headers, ...(body !== null && { 'content-length': body.length }) }
  return new Promise((resolve, reject) => {
    const sent = http.request({ hostname, port, method, path, headers, agent, timeout: timeoutMs }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }))
      response.on('error', reject)
    })
    sent.on('timeout', () => sent.destroy(new Error('a hang')))
    sent.on('error', reject).end(body ?? undefined)
  })
}
