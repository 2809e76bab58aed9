/**
 * What the client programs of this folder share: each is one process that does one job against one broker, and prints one line of JSON
 * with the CPU time of its whole process. `JavaClients.java` and `librdkafka.c` do the same jobs and print the same line.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

export interface ClientJob {
  readonly mode: 'produce' | 'consume' | 'drain' | 'copy' | 'latency' | 'nothing'
  readonly bootstrap: string
  readonly topic: string
  /** Where a copy goes. */
  readonly target: string
  readonly partitions: number
  readonly records: number
  /** Of a value. */
  readonly bytes: number
  readonly compression: 'none' | 'zstd'
}

/** What a client program prints. */
export interface ClientFigures {
  /** CPU-seconds of the process per million records, which is microseconds per record. */
  readonly cpuUsPerMsg: number
  readonly msgsPerSec: number
  /** The most memory that was resident. */
  readonly rssMb: number
  readonly p50ms?: number
  readonly p99ms?: number
}

/** Records of a call, or of a transaction. */
export const BATCH = 1000
const AT_A_TIME = 4
export const PAYLOADS = 997

export function parseJob(args: readonly string[] = process.argv.slice(2)): ClientJob {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      mode: text,
      bootstrap: text,
      topic: text,
      target: text,
      partitions: text,
      records: text,
      bytes: text,
      compression: text,
    },
  })
  return {
    mode: (values.mode ?? 'produce') as ClientJob['mode'],
    bootstrap: values.bootstrap ?? '127.0.0.1:9092',
    topic: values.topic ?? 'bench',
    target: values.target ?? '',
    partitions: Number(values.partitions ?? 24),
    records: Number(values.records ?? 1_000_000),
    bytes: Number(values.bytes ?? 100),
    compression: (values.compression ?? 'none') as ClientJob['compression'],
  }
}

/** Begins to measure; the call it returns ends it and prints the line. */
export function meter(): (records: number, more?: Partial<ClientFigures>) => void {
  const cpu = process.cpuUsage()
  const since = process.hrtime.bigint()
  return (records, more = {}) => {
    const seconds = Number(process.hrtime.bigint() - since) / 1e9
    const { user, system } = process.cpuUsage(cpu)
    const figures: ClientFigures = {
      cpuUsPerMsg: (user + system) / records,
      msgsPerSec: records / seconds,
      rssMb: process.resourceUsage().maxRSS / 1024,
      ...more,
    }
    process.stdout.write(`${JSON.stringify(figures)}\n`)
  }
}

/** Calls `send` with 0, 1, 2 … up to the number of batches, four at a time. */
export async function pump(records: number, send: (batch: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < records / BATCH) await send(next++)
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, worker))
}

/** JSON-like text of exactly `bytes` bytes, 997 different ones: compresses about as real events do. */
export function payloads(bytes: number): Buffer[] {
  let seed = 12345
  const random = (): number => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff
  const words = 'order customer shipped pending amount currency EUR USD status region north south item sku'.split(' ')
  return Array.from({ length: PAYLOADS }, () => {
    let text = `{"id":${Math.floor(random() * 1e9)},"v":"`
    while (text.length < bytes)
      text += `${words[Math.floor(random() * words.length)]}${Math.floor(random() * 1e6).toString(36)} `
    return Buffer.from(`${text.slice(0, bytes - 2)}"}`)
  })
}

/** The payloads as lines of a file, for programs in other languages. */
export function writePayloads(bytes: number, file: string): void {
  writeFileSync(file, `${payloads(bytes).join('\n')}\n`)
}

/** Half and 99 % of the latencies, in ms; the first quarter is warm-up. */
export function percentiles(latenciesMs: readonly number[]): Partial<ClientFigures> {
  const sorted = latenciesMs.slice(latenciesMs.length >> 2).toSorted((a, b) => a - b)
  return { p50ms: sorted[sorted.length >> 1]!, p99ms: sorted[Math.floor(sorted.length * 0.99)]! }
}

/** Calls `send` a thousand times a second with a value that holds the time it was made. */
export async function atRate(records: number, bytes: number, send: (value: Buffer) => void): Promise<void> {
  const since = performance.now()
  let sent = 0
  while (sent < records) {
    const due = Math.min(records, Math.floor(performance.now() - since))
    for (; sent < due; sent++) {
      const value = Buffer.alloc(bytes)
      value.writeBigInt64BE(process.hrtime.bigint())
      send(value)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
