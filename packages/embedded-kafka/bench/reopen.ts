/**
 * How long topics take to be there again: 1 GB in one partition and over 2,000, after a stop in order and after a kill; and how long
 * 500 topics take to be created one after the other.
 *
 *     node --conditions=@sluice/source packages/embedded-kafka/bench/reopen.ts [megabytes=1024]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BatchAppender } from '@sluice/kafka-protocol'
import { BrokerClock } from '../src/clock.ts'
import { type OpenedTopics, openTopics } from '../src/topics/open-topics.ts'

const megabytes = Number(process.argv[2] ?? 1024)

function open(dataDir: string): OpenedTopics {
  return openTopics({
    dataDir,
    clock: new BrokerClock(),
    setting: () => 86_400_000,
    leaders: { leaderFor: () => 1, isAlive: () => true },
    brokerOverride: () => undefined,
  })
}

function batchOf(records: number): Uint8Array {
  const appender = new BatchAppender(new Uint8Array(records * 120 + 100))
  const value = Buffer.alloc(100, 'v')
  for (let i = 0; i < records; i++) appender.append(null, value, Date.now())
  return appender.seal().slice()
}

function millis(run: () => void): number {
  const begin = performance.now()
  run()
  return Math.round(performance.now() - begin)
}

/** Opens every log, as somebody who asks for all offsets would. */
function endOffsets({ topics }: OpenedTopics): number {
  let sum = 0
  for (const { partitions } of topics.all()) for (const { log } of partitions) sum += log.endOffset
  return sum
}

for (const partitions of [1, 2000]) {
  for (const recordsPerBatch of [1000, 10]) {
    const dataDir = mkdtempSync(join(tmpdir(), 'reopen-bench-'))
    let opened = open(dataDir)
    const logs = opened.topics.create('bench', partitions, {}).partitions.map(({ log }) => log)
    const batch = batchOf(recordsPerBatch)
    for (let i = 0; i * batch.length < megabytes * 1_000_000; i++) logs[i % partitions]!.append(batch, 0)
    const written = endOffsets(opened)
    opened.abandon()
    const afterKillMs = millis(() => {
      opened = open(dataDir)
      if (endOffsets(opened) !== written) throw new Error('records are missing after a kill')
    })
    const stopMs = millis(() => opened.close())
    const afterStopMs = millis(() => {
      opened = open(dataDir)
      if (endOffsets(opened) !== written) throw new Error('records are missing after a stop')
    })
    opened.close()
    rmSync(dataDir, { recursive: true, force: true })
    console.log(JSON.stringify({ megabytes, partitions, recordsPerBatch, afterKillMs, stopMs, afterStopMs }))
  }
}

const dataDir = mkdtempSync(join(tmpdir(), 'topics-bench-'))
const opened = open(dataDir)
const createMs = millis(() => {
  for (let i = 0; i < 500; i++) opened.topics.create(`topic-${i}`, 3, { 'cleanup.policy': 'compact' })
})
opened.close()
rmSync(dataDir, { recursive: true, force: true })
console.log(JSON.stringify({ topicsCreated: 500, createMs }))
