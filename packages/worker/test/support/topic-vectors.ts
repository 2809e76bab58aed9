/** What Kafka Connect wrote to its three topics, step by step of a scripted life. */
import { readFileSync } from 'node:fs'
import path from 'node:path'

export interface TopicVector {
  readonly partition: number
  readonly offset: number
  readonly key: Buffer
  /** Null: a tombstone. */
  readonly value: Buffer | null
  /** Something that differs from run to run was replaced in it, and has a value of ours here. */
  readonly isFilledIn: boolean
}

export interface TopicStep {
  readonly what: string
  readonly request: { readonly method: string; readonly path: string; readonly body: unknown } | null
  readonly records: Readonly<Record<'configs' | 'offsets' | 'status', readonly TopicVector[]>>
}

interface RawRecord {
  readonly partition: number
  readonly offset: number
  readonly key: string
  readonly key_base64?: string
  readonly value: string | null
  readonly value_base64?: string | null
}

export const FILES = ['connect/internal-topics.json', 'connect/internal-topics-eos.json'] as const
export const WORKER = 'worker-1:8083'
export const MS = 1_700_000_000_123

/** The cases are data from outside of the project: VECTORS says where they are, if not in packages/e2e. */
export function readTopicVectors(file: string): readonly TopicStep[] {
  const folder = process.env['VECTORS'] ?? path.join(import.meta.dirname, '../../../e2e/vectors')
  const { steps } = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as {
    readonly steps: readonly {
      readonly what: string
      readonly request: TopicStep['request']
      readonly records: Readonly<Record<string, readonly RawRecord[]>>
    }[]
  }
  return steps.map(({ what, request, records }) => {
    const of = (topic: string): readonly TopicVector[] => (records[`<GROUP>-${topic}`] ?? []).map(vectorOf)
    return { what, request, records: { configs: of('configs'), offsets: of('offsets'), status: of('status') } }
  })
}

function vectorOf({ partition, offset, key, key_base64, value, value_base64 }: RawRecord): TopicVector {
  return {
    partition,
    offset,
    key: key_base64 === undefined ? filledIn(key) : Buffer.from(key_base64, 'base64'),
    value: value === null ? null : value_base64 == null ? filledIn(value) : Buffer.from(value_base64, 'base64'),
    isFilledIn: key_base64 === undefined || value_base64 === undefined,
  }
}

function filledIn(text: string): Buffer {
  const filled = text
    .replaceAll('"<MS>"', `${MS}`)
    .replaceAll('<KEY>', Buffer.from('sixteen bytes...').toString('base64'))
    .replaceAll('<WORKER>', WORKER)
    .replaceAll('<DIR>', '/tmp/dir')
    .replaceAll('<TRACE>', '\\tat org.apache.kafka.connect.X.y(X.java:1)')
  if (/<[A-Z]+>/.test(filled)) throw new Error(`a placeholder that is not known: ${filled}`)
  return Buffer.from(filled, 'utf8')
}
