/**
 * Our CPU time for a batch of 1,000 records of 100 B through a log: appended, and read again by a reader at its end and by one that starts
 * over (cold: from the file). Printed for 1, 100 and 2,000 partitions, on disk and in memory:
 *
 *     node --conditions=@sluice/source packages/embedded-kafka/bench/log.ts [batches=4000]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BatchAppender } from '@sluice/kafka-protocol'
import { BrokerClock } from '../src/clock.ts'
import type { SegmentLog } from '../src/log/partition-log.ts'
import { openTopics } from '../src/topics/open-topics.ts'

const batches = Number(process.argv[2] ?? 4000)
const recordsPerBatch = 1000
const RUN = 100
const value = Buffer.alloc(100, 'v')

function sealed(sequence: number): Uint8Array {
  const appender = new BatchAppender(new Uint8Array(recordsPerBatch * 120))
  for (let i = 0; i < recordsPerBatch; i++) appender.append(null, value, Date.now())
  return appender.seal({ producerId: 7, producerEpoch: 0, baseSequence: sequence })
}

function cpuMicros(run: () => void): number {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

function readFrom(log: SegmentLog, offset: number): number {
  const read = log.read({ offset, bytesMax: 1024 * 1024, isAtLeastOne: true, isCommittedOnly: true })
  return read.bytes
}

for (const partitions of [1, 100, 2000]) {
  for (const storage of ['disk', 'memory'] as const) {
    const dataDir = storage === 'disk' ? mkdtempSync(join(tmpdir(), 'log-bench-')) : undefined
    const opened = openTopics({
      dataDir,
      clock: new BrokerClock(),
      setting: () => 86_400_000,
      leaders: { leaderFor: () => 1, isAlive: () => true },
      brokerOverride: () => undefined,
    })
    const count = storage === 'memory' ? Math.min(batches, 2000) : batches
    const logs = opened.topics.create('bench', partitions, {}).partitions.map(({ log }) => log)
    const sent = Array.from({ length: Math.ceil(count / partitions) }, (_, i) => sealed(i * recordsPerBatch))
    let bytes = 0
    let appendMicros = 0
    let readMicros = 0
    // A reader follows the batches; in runs, since the clock of CPU time is coarse.
    for (let from = 0; from < count; from += RUN) {
      const stop = Math.min(count, from + RUN)
      appendMicros += cpuMicros(() => {
        for (let k = from; k < stop; k++) logs[k % partitions]!.append(sent[Math.floor(k / partitions)]!, 0)
      })
      readMicros += cpuMicros(() => {
        for (let k = from; k < stop; k++) {
          bytes += readFrom(logs[k % partitions]!, Math.floor(k / partitions) * recordsPerBatch)
        }
      })
    }
    const coldMicros = cpuMicros(() => {
      for (let i = 0; i < count; i += 10)
        bytes += readFrom(logs[i % partitions]!, Math.floor(i / partitions) * recordsPerBatch)
    })
    if (bytes === 0) throw new Error('nothing was read')
    console.log(
      JSON.stringify({
        partitions,
        storage,
        batchBytes: sent[0]!.length,
        appendMicrosPerBatch: round(appendMicros / count),
        followMicrosPerRead: round(readMicros / count),
        coldMicrosPerMebibyte: round(coldMicros / Math.ceil(count / 10)),
      }),
    )
    opened.close()
    if (dataDir !== undefined) rmSync(dataDir, { recursive: true, force: true })
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
