import type { ConnectRecord } from './record.ts'
import type { RawSettings, SettingsDeclaration } from './settings.ts'

/**
 * A single message transform (Connect's `Transformation`): a synchronous function from record to record.
 * It returns the very record it was given when nothing changes, a changed copy, or null to drop the record.
 * It throws DataError for a record it cannot handle. A retried batch passes through again: it must not count on running once.
 */
export type Transform = <R extends ConnectRecord>(record: R) => R | null

/** A condition on records (Connect's `Predicate`). */
export type Predicate = (record: ConnectRecord) => boolean

/** How a transform is found by name and made from settings (`transforms.<alias>.…`, prefix removed). */
export interface TransformPlugin {
  readonly name: string
  readonly aliases: readonly string[]
  /** Of the plugin; default: that of Kafka Connect whose behaviour it keeps to. */
  readonly version?: string
  /** What it does, in a sentence or two, for the reference page. */
  readonly documentation?: string
  /** Its own settings, for validation and forms; without them only `create` tells whether settings are right. */
  readonly settings?: SettingsDeclaration
  /** Compiles the transform; `$Key` and `$Value` variants are plugins of their own. @throws SluiceError SETTINGS_INVALID */
  create(settings: RawSettings): Transform
}

/** How a predicate is found by name and made from settings (`predicates.<alias>.…`, prefix removed). */
export interface PredicatePlugin {
  readonly name: string
  readonly aliases: readonly string[]
  /** As a transform's. */
  readonly version?: string
  readonly documentation?: string
  readonly settings?: SettingsDeclaration
  /** @throws SluiceError SETTINGS_INVALID */
  create(settings: RawSettings): Predicate
}
