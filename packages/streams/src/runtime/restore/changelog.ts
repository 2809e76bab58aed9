import { bytesOf, type OutputBatch } from '../../record-path/output-batch.ts'
import type { Changelog } from '../../state/store-context.ts'
import { changelogTopicOf } from '../../topology/internal-topics.ts'

/** The updates of a task's stores are records like all others that it puts out: of the partition that it has the number of. */
export function changelogOf(applicationId: string, partition: number, output: OutputBatch): Changelog {
  const topics = new Map<string, string>()
  return {
    append(store, key, value, timestamp, headers) {
      let topic = topics.get(store)
      if (topic === undefined) topics.set(store, (topic = changelogTopicOf(applicationId, store)))
      const record = { topic, partition, key, value, timestamp, headers: headers.length === 0 ? null : headers }
      output.add(record, bytesOf(record))
      output.settled()
    },
  }
}
