/** Mirrors that note wrongly where records lie, for a worker to be started with: they show that the ledger sees. */
import { mirrorSource } from '@sluice/connector-mirror'
import { defineSource, type Connector, type SourceRecord } from '@sluice/sdk'

type Records = readonly (SourceRecord | null)[]
/** What is told in place of the offsets. */
type Change = (records: Records, offsets: Float64Array) => Float64Array

/** @param changeOf for each task */
function mutant(name: string, changeOf: () => Change): Connector {
  return defineSource({
    ...mirrorSource,
    name,
    aliases: [],
    createTask(settings, context) {
      const task = mirrorSource.createTask(settings, context)
      const change = changeOf()
      return {
        start: (signal) => task.start(signal),
        poll: (signal) => task.poll(signal),
        delivered: async (records, offsets) => task.delivered?.(records, change(records, offsets)),
        stop: () => task.stop(),
      }
    },
  })
}

/** Each record one too far: a group goes on behind one that it has not read. */
const tooFar = mutant('mirror-too-far', () => (_, offsets) => offsets.map((offset) => offset + 1))

/** Noted before the broker has answered, by counting: a transaction's marker has an offset, too. */
const beforeTheAck = mutant('mirror-before-the-ack', () => {
  const next = new Map<unknown, number>()
  return (records, offsets) =>
    offsets.map((offset, i) => {
      const partition = records[i]?.sourcePartition
      const guess = next.get(partition) ?? offset
      next.set(partition, guess + 1)
      return guess
    })
})

export default [tooFar, beforeTheAck]
