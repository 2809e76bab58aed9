/** Definitions of stores for tests: text keys and JSON values. */
import { Serdes } from '../../src/serdes.ts'
import type { StoreDefinition, StoreEngine } from '../../src/state/definition.ts'

export interface Options {
  readonly engine?: StoreEngine
  readonly caching?: boolean
  readonly logging?: Readonly<Record<string, string>> | null
}

export function base(options: Options = {}): {
  name: string
  key: typeof Serdes.string
  value: typeof Serdes.string
  engine: StoreEngine
  logging: Readonly<Record<string, string>> | null
  caching: boolean
} {
  const { engine = 'memory', caching = false, logging = {} } = options
  return { name: 'store', key: Serdes.string, value: Serdes.string, engine, logging, caching }
}

export function windows(retentionMs: number, retainDuplicates = false): WindowTraits {
  return { retentionMs, windowSizeMs: 10, retainDuplicates }
}

export interface WindowTraits {
  readonly retentionMs: number
  readonly windowSizeMs: number
  readonly retainDuplicates: boolean
}

export type OfKind<K extends StoreDefinition['kind']> = Extract<StoreDefinition, { kind: K }>
