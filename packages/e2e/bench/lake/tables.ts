/** What the tables of a store hold, by the Delta protocol's own words in their logs, which nothing of ours is asked to read. */
import { listAll, type ObjectStore } from '@sluice/object-store'

export interface TableFacts {
  readonly rows: number
  readonly files: number
  readonly bytes: number
  /** The log's entries, the one that makes the table included. */
  readonly versions: number
}

const ENTRY = /_delta_log\/\d{20}\.json$/

/** Of all tables below a prefix together. Nothing was ever removed from them. */
export async function factsOf(store: ObjectStore, prefix: string): Promise<TableFacts> {
  const facts = { rows: 0, files: 0, bytes: 0, versions: 0 }
  for await (const { path } of listAll(store, prefix)) {
    if (!ENTRY.test(path)) continue
    facts.versions++
    const text = Buffer.from(await store.get(path)).toString()
    for (const line of text.split('\n')) {
      if (!line.startsWith('{"add"')) continue
      const { add } = JSON.parse(line) as { add: { size: number; stats: string } }
      facts.files++
      facts.bytes += add.size
      facts.rows += (JSON.parse(add.stats) as { numRecords: number }).numRecords
    }
  }
  return facts
}
