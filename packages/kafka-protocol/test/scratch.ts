import { readFileSync } from 'node:fs'
import { apiVersions, decodeRequestBody, decodeResponseBody, encodeRequestBody, encodeResponseBody, type RequestInput, type ResponseBody } from '@sluice/kafka-protocol'
export const a: RequestInput<'Metadata'> = { topics: [{ name: 'x' }] }
export const p: RequestInput<'Produce'> = { acks: 1, timeoutMs: 2, topicData: [{ partitionData: [{ index: 1, records: null }] }] }
// @ts-expect-error acks is required
export const q: RequestInput<'Produce'> = { timeoutMs: 2, topicData: [] }
export function f(b: ResponseBody<'Fetch'>): string { const x: number = b.responses[0]!.partitions[0]!.records!.length; const y: null | { producerId: number | bigint; firstOffset: number | bigint }[] = b.responses[0]!.partitions[0]!.abortedTransactions;  return `${x}${y}` }
const { cases } = JSON.parse(readFileSync('packages/e2e/vectors/kafka-protocol/messages.json', 'utf8'))
let ok = 0; let bad = 0; let skip = 0
for (const c of cases) {
  const api = apiVersions(c.api as number); if (!api) { skip++; continue }
  const bytes = Buffer.from(c.bytes, 'base64')
  try {
    const m = c.kind === 'request' ? decodeRequestBody(api.name, c.version, bytes) : decodeResponseBody(api.name, c.version, bytes)
    const b = c.kind === 'request' ? encodeRequestBody(api.name, c.version, m as never) : encodeResponseBody(api.name, c.version, m as never)
    if (Buffer.compare(b, bytes)) throw new Error('bytes differ')
    ok++
  } catch (e) { if (bad++ < 10) console.log(api.name, c.version, c.kind, (e as Error).message) }
}
console.log({ ok, bad, skip })
