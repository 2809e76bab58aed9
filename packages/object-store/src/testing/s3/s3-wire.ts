/** Bodies and answers on the connection, whole or cut. */
import { finished } from 'node:stream/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { S3Error } from './s3-error.ts'
import type { S3Answer } from './s3-request.ts'
import { xmlDocument } from './s3-xml.ts'

const BODY_BYTES_MAX = 1024 * 1024 * 1024

/** The body as it was sent. Rejects when the client goes away before its end. @throws S3Error EntityTooLarge */
export async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > BODY_BYTES_MAX) throw new S3Error(400, 'EntityTooLarge', 'The body is too large for this server')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Takes the first half of the body and cuts the connection. */
export async function cutUpload(message: IncomingMessage): Promise<void> {
  const half = Number(message.headers['content-length'] ?? 0) / 2
  let length = 0
  message.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length >= half) message.destroy()
  })
  await finished(message).catch(() => undefined)
  message.socket.destroy()
}

/** Sends the answer. @returns whether all of it was meant to go out */
export function send(response: ServerResponse, isHead: boolean, answer: S3Answer, nowMs: number): boolean {
  const body = Buffer.from(answer.body ?? '')
  response.writeHead(answer.status, {
    'x-amz-request-id': 'SLUICETEST',
    date: new Date(nowMs).toUTCString(),
    ...(answer.status !== 204 && answer.status !== 304 && { 'content-length': String(body.length) }),
    ...(typeof answer.body === 'string' && { 'content-type': 'application/xml' }),
    ...answer.headers,
  })
  if (answer.isCut === true) {
    response.write(body.subarray(0, body.length >> 1), () => response.destroy())
    return false
  }
  response.end(isHead ? undefined : body)
  return true
}

/** A refusal as S3 words it; any other error is this server's own fault, and says so. */
export function refusalAnswer(error: unknown, resource: string): S3Answer {
  const { status, code, message } =
    error instanceof S3Error
      ? error
      : new S3Error(500, 'TestServerBroken', error instanceof Error ? (error.stack ?? '') : String(error))
  return {
    status,
    body: xmlDocument('Error', { Code: code, Message: message, Resource: resource, RequestId: 'SLUICETEST' }),
  }
}
