import { S3Error } from './s3-error.ts'

/**
 * The content of a body in `aws-chunked` encoding, in which SDKs send what they sign, or sum up, while they send it: chunks of
 * `<hex length>[;chunk-signature=…]\r\n<bytes>\r\n`, an empty one, and trailers. Signatures of chunks are not looked at.
 */
export function decodeAwsChunked(body: Buffer): Buffer {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = body.indexOf('\r\n', at)
    const length = Number.parseInt(body.toString('latin1', at, lineEnd).split(';')[0]!, 16)
    if (lineEnd < 0 || !(length >= 0)) throw incomplete()
    if (length === 0) return Buffer.concat(chunks)
    const start = lineEnd + 2
    if (start + length + 2 > body.length) throw incomplete()
    chunks.push(body.subarray(start, start + length))
    at = start + length + 2
  }
}

function incomplete(): S3Error {
  return new S3Error(400, 'IncompleteBody', 'The request body terminated unexpectedly')
}
