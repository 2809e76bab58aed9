import { BoardStatuses } from './board-statuses.ts'
import type { StatusRecord } from './status-records.ts'
import type { StatusStore, TopicUse } from './status-store.ts'

/** How everything in a standalone worker is doing. What is written can be read at once. */
export class MemoryStatusStore extends BoardStatuses implements StatusStore {
  async start(): Promise<void> {}

  putTopic(use: TopicUse): void {
    const { connector, topic } = use
    if (this.board.topic(connector, topic) === null) this.board.apply({ kind: 'topic', connector, topic, use })
  }

  removeTopics(connector: string): void {
    for (const { topic } of this.topics(connector)) this.board.apply({ kind: 'topic', connector, topic, use: null })
  }

  async flush(): Promise<void> {}

  async refresh(): Promise<void> {}

  async stop(): Promise<void> {}

  protected override put(record: StatusRecord, _generation: number, isSafe: boolean): void {
    if (!isSafe || this.board.isSafe(record)) this.board.apply(record)
  }
}
