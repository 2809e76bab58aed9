/** What a request is answered with, and how errors become that. */
import type { ServerResponse } from 'node:http'
import { HerderError, type HerderStage } from '../herder/herder.ts'
import { OutOfTime, stageSentence } from '../operations/health.ts'

export interface Answer {
  readonly status: number
  /** Null: none. */
  readonly body: string | Buffer | null
  /** Null: not said, as Kafka Connect does where no endpoint was found. */
  readonly contentType: string | null
  readonly headers?: Readonly<Record<string, string>>
}

const JSON_TYPE = 'application/json'

export function json(status: number, value: unknown, headers?: Readonly<Record<string, string>>): Answer {
  return { status, body: jsonText(value), contentType: JSON_TYPE, ...(headers && { headers }) }
}

/** JSON that is text already. */
export function jsonAsIs(status: number, body: Buffer, headers?: Readonly<Record<string, string>>): Answer {
  return { status, body, contentType: JSON_TYPE, ...(headers && { headers }) }
}

export function empty(status: number): Answer {
  return { status, body: null, contentType: null }
}

export function plain(
  status: number,
  body: string,
  contentType = 'text/plain',
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { status, body, contentType, headers }
}

export function refusal(status: number, message: string): Answer {
  return json(status, { error_code: status, message })
}

/** Of requests that no endpoint was found for: without a content type. */
export function unroutable(status: number, reason: string): Answer {
  return { ...refusal(status, `HTTP ${status} ${reason}`), contentType: null }
}

/** Null for an error that nobody foresaw. */
export function answerTo(error: unknown, stage: HerderStage | null): Answer | null {
  if (error instanceof OutOfTime) {
    const details = stageSentence(stage)
    return refusal(500, details === '' ? 'Request timed out' : `Request timed out. ${details}`)
  }
  // A path whose percent signs say nothing.
  if (error instanceof URIError) return refusal(400, `The path of the request cannot be decoded: ${error.message}`)
  return error instanceof HerderError ? refusal(error.status, error.message) : null
}

export function send(response: ServerResponse, { status, body, contentType, headers }: Answer): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, {
    ...headers,
    ...(contentType !== null && { 'Content-Type': contentType }),
    ...(status !== 204 && { 'Content-Length': body === null ? 0 : Buffer.byteLength(body) }),
  })
  response.end(body ?? undefined)
}

/** Integers beyond 2^53 are written as they are. */
function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    // Part of ES2026, and of Node since 21.
    const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown }
    return JSON.stringify(value, (_, member: unknown) =>
      typeof member === 'bigint' ? rawJSON(String(member)) : member,
    )
  }
}
