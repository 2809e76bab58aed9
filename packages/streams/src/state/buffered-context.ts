import type { CurrentRecord } from './store-context.ts'
import type { BufferedContext } from './stores.ts'

/** What is kept of the record under way, whose context is filled anew for the next one. */
export function copyOf({ topic, partition, offset, timestamp, headers }: CurrentRecord): BufferedContext {
  return { topic, partition, offset, timestamp, headers }
}
