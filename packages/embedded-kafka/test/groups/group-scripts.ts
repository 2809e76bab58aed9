import { CLASSIC_SCRIPTS } from './classic-scripts.ts'
import { CONSUMER_SCRIPTS } from './consumer-scripts.ts'
import { GroupScribe } from './group-scribe.ts'
import { MIGRATION_SCRIPTS } from './migration-scripts.ts'
import { OFFSETS_IN_CHECKED_TRANSACTIONS, OFFSETS_IN_TRANSACTIONS } from './transaction-scripts.ts'

export const GROUP_SCRIPTS = {
  ...CLASSIC_SCRIPTS,
  ...OFFSETS_IN_TRANSACTIONS,
  ...CONSUMER_SCRIPTS,
  ...MIGRATION_SCRIPTS,
  ...OFFSETS_IN_CHECKED_TRANSACTIONS,
}

/** Titles of those that need what Kafka has since 4.0: KIP-848, KIP-890. */
export const NEEDS_KAFKA_4: ReadonlySet<string> = new Set([
  ...Object.keys(CONSUMER_SCRIPTS),
  ...Object.keys(MIGRATION_SCRIPTS),
  ...Object.keys(OFFSETS_IN_CHECKED_TRANSACTIONS),
])

/** The transcript of a conversation; `suffix` makes its names its own; `peerHost` is where an Apache Kafka is asked. */
export async function runGroupScript(
  port: number,
  title: string,
  suffix: string,
  peerHost?: string,
): Promise<string[]> {
  const at = Object.keys(GROUP_SCRIPTS).indexOf(title)
  const scribe = new GroupScribe(port, `${suffix}-${at}`, peerHost)
  try {
    await scribe.begin()
    await GROUP_SCRIPTS[title]!(scribe)
  } finally {
    scribe.end()
  }
  return scribe.transcript
}
