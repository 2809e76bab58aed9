/** A task's surroundings for stores: what it logs is kept, and the record under way is what a test sets. */
import type { ChangelogRecord, CurrentRecord, StoreContext } from '../../src/state/store-context.ts'

export interface Logged extends Omit<ChangelogRecord, 'timestamp'> {
  readonly store: string
  readonly timestamp: number | null
}

export class TestContext implements StoreContext {
  record: CurrentRecord = { topic: 'in', partition: 0, offset: 0, timestamp: 0, headers: null }
  readonly logged: Logged[] = []
  expired = 0
  /** Stores that want to be flushed. */
  readonly full: string[] = []

  readonly changelog = {
    append: (
      store: string,
      key: Uint8Array,
      value: Uint8Array | null,
      timestamp: number | null,
      headers: Logged['headers'],
    ): void => {
      this.logged.push({ store, key, value, timestamp, headers, offset: this.logged.length })
    },
  }

  changelogTopic(store: string): string {
    return `app-${store}-changelog`
  }

  onExpired(): void {
    this.expired++
  }

  onFull(store: string): void {
    this.full.push(store)
  }

  /** The record under way is now of this time. */
  at(timestamp: number): void {
    this.record = { ...this.record, timestamp }
  }

  /** What a restore reads. */
  records(): ChangelogRecord[] {
    return this.logged.map((record) => ({ ...record, timestamp: record.timestamp ?? -1 }))
  }

  /** As text: key and value in hex, the time. */
  lines(): string[] {
    return this.logged.map(
      ({ key, value, timestamp }) => `${hex(key)} ${value === null ? 'null' : hex(value)} ${timestamp}`,
    )
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
