/** What a processor says of itself where it does not run: the answer of a cell to `describe`. */
import type { SettingsValidation } from '@sluice/sdk'

export interface DescribedProcessor {
  readonly version: string | null
  /** `application.id`, without placeholders. */
  readonly application: string
  /** All settings, with every complaint: theirs, and those of the topology beside `processor.class`. */
  readonly validation: SettingsValidation
  /** What it writes, as JSON, to be compared with the next one; null where that cannot be said, as of topics that are not there yet. */
  readonly written: string | null
  /** Null where the settings do not allow one to be built. */
  readonly topology: DescribedTopology | null
}

export interface DescribedTopology {
  /** Kafka Streams' own. */
  readonly text: string
  readonly json: unknown
  readonly mermaid: string
  readonly pausable: PausableKeys
}

/** Of which topics keys can be paused. */
export interface PausableKeys {
  /** What it reads, with the reason why a key of it cannot be; null: it can. */
  readonly topics: Readonly<Record<string, string | null>>
  /** It reads others besides, by a pattern. */
  readonly isOpen: boolean
}
