/**
 * The program on trial: copies a topic partition by partition, so many records to a transaction, their offsets with them. It is killed,
 * frozen and lied to by `exactly-once-copy.ts`, and keeps a journal of what became of each of its transactions.
 */
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import {
  type CommittedOffset,
  type FetchedPartition,
  type GroupIdentity,
  type ProducerRecord,
  connect,
} from '@sluice/kafka'
import { SluiceError, describeError } from '@sluice/sdk'
import { type CopierJob, EXIT, REUSE_HEADER, TRANSACTION_HEADER } from './copier-job.ts'

const job = JSON.parse(process.argv[2]!) as CopierJob
const kafka = await connect({
  bootstrapServers: job.bootstrap,
  clientId: job.transactionalId,
  requestTimeoutMs: job.requestTimeoutMs,
})
const { transactionalId, transactionTimeoutMs } = job
const producer = await kafka.transactionalProducer({ transactionalId, transactionTimeoutMs })
const fetcher = kafka.fetcher({ isolation: 'read_committed', reset: 'earliest', bytesMax: 1_000_000 })
/** Where to go on in each partition that is held: behind what was committed. */
const positions = new Map<number, number | null>()
/** Changes with every assignment: what was fetched before it is not copied. */
let tenure = 0
/** The transaction under way. */
let current: Promise<void> = Promise.resolve()
let transactions = 0

const member = kafka.consumerMember({
  groupId: job.group,
  topics: [job.source],
  sessionTimeoutMs: 6000,
  heartbeatIntervalMs: 1000,
  hooks: {
    async onAssigned(partitions) {
      await settled()
      const committed = await member.committed(partitions)
      for (const { partition } of partitions) {
        positions.set(partition, committed.find((found) => found.partition === partition)?.offset ?? null)
      }
      takeUp()
    },
    async onRevoked(partitions) {
      await settled()
      for (const { partition } of partitions) positions.delete(partition)
      takeUp()
    },
    async onLost(partitions) {
      for (const { partition } of partitions) positions.delete(partition)
      takeUp()
    },
  },
})
const stopping = new AbortController()
process.on('SIGTERM', () => void stop())
member.join().catch(end)
while (!stopping.signal.aborted) {
  try {
    if (!member.poll()) await new Promise((resolve) => setTimeout(resolve, 20))
    const fetched = (await fetcher.poll(100)).filter(isNext)
    const since = tenure
    for (const [records, offsets] of portions(fetched)) {
      if (tenure !== since || stopping.signal.aborted) break
      current = copy(records, offsets)
      await current
    }
  } catch (error) {
    end(error)
  }
}

async function stop(): Promise<void> {
  stopping.abort()
  await settled()
  await member.close(5000)
  await producer.close(5000)
  await kafka.close()
  process.exit(0)
}

/** The hooks wait for the transaction under way, so that nothing is given away in the middle of it. */
async function settled(): Promise<void> {
  tenure++
  await current.catch(() => undefined)
}

/** Reads on from what is committed: also back, when a transaction was aborted. */
function takeUp(): void {
  tenure++
  fetcher.assign(Array.from(positions, ([partition, offset]) => ({ topic: job.source, partition, offset })))
}

/** Whether this is what comes next of a partition that is held: the poll may have ended just before the assignment changed. */
function isNext({ partition, batches: [first] }: FetchedPartition): boolean {
  const position = positions.get(partition)
  return position !== undefined && first !== undefined && first.offset(0) === (position ?? 0)
}

/** Portions for one transaction each, from all partitions by turns, with the offsets behind them. */
function* portions(fetched: readonly FetchedPartition[]): Generator<[ProducerRecord[], Map<number, number>]> {
  const share = Math.max(1, Math.ceil(job.recordsPerTransaction / Math.max(1, fetched.length)))
  const turns = fetched.map((partition) => recordsOf(partition, share))
  let records: ProducerRecord[] = []
  let offsets = new Map<number, number>()
  for (let isLeft = true; isLeft;) {
    isLeft = false
    for (const [n, turn] of turns.entries()) {
      const { value } = turn.next()
      if (value === undefined) continue
      isLeft = true
      records.push(...value.records)
      offsets.set(fetched[n]!.partition, value.behind)
      if (records.length < job.recordsPerTransaction) continue
      yield [records, offsets]
      records = []
      offsets = new Map()
    }
  }
  if (records.length > 0) yield [records, offsets]
}

/** A partition's records, so many at a time, and the offset behind them. */
function* recordsOf(
  { partition, batches }: FetchedPartition,
  share: number,
): Generator<{ records: ProducerRecord[]; behind: number }, undefined> {
  let records: ProducerRecord[] = []
  let behind = 0
  for (const batch of batches) {
    for (let i = 0; i < batch.count; i++) {
      const [key, value, timestamp] = [batch.key(i), batch.value(i), batch.timestamp(i)]
      records.push({ topic: job.target, partition, key, value, timestamp, headers: null })
      behind = batch.offset(i) + 1
      if (records.length < share) continue
      yield { records, behind }
      records = []
    }
  }
  if (records.length > 0) yield { records, behind }
  return undefined
}

async function copy(records: readonly ProducerRecord[], behind: ReadonlyMap<number, number>): Promise<void> {
  const transaction = randomUUID().slice(0, 13)
  const headers = [{ key: TRANSACTION_HEADER, value: Buffer.from(transaction) }]
  const stamped = records.map((record) => ({ ...record, headers }))
  let identity: GroupIdentity
  try {
    identity = member.identity()
  } catch (error) {
    // The group rebalances, or the place is lost: the hooks say what is held next.
    if (!(error instanceof SluiceError) || !(error.retriable || error.code === 'KAFKA_FENCED')) throw error
    journal('waited', error.code)
    return takeUp()
  }
  if (job.mutant === 'skip-fencing') identity = { ...identity, generationId: -1, memberId: '' }
  journal('began', transaction)
  producer.begin()
  try {
    await produce(stamped)
    if (++transactions === job.freezeAt) process.kill(process.pid, 'SIGSTOP')
    await producer.sendOffsets(identity, offsetsOf(behind))
    await commit(transaction)
  } catch (error) {
    if (!(error instanceof SluiceError) || !isAbortable(error)) throw error
    await producer.abort()
    journal('aborted', transaction)
    return takeUp()
  }
  journal('committed', transaction)
  for (const [partition, offset] of behind) if (positions.has(partition)) positions.set(partition, offset)
}

/** All at once. The mutant sends batches that are all alike, and marks one for the proxy now and then: nothing may follow it. */
async function produce(records: readonly ProducerRecord[]): Promise<void> {
  if (job.mutant !== 'reuse-sequence') return void (await producer.produce(records))
  for (const partition of new Set(records.map((record) => record.partition))) {
    const own = records.filter((record) => record.partition === partition)
    for (let i = 0; i < own.length; i += 10) {
      const isMarked = i > 0 && i + 10 >= own.length && transactions % 5 === 0
      const mark = isMarked ? [{ key: REUSE_HEADER, value: null }] : []
      const batch = own.slice(i, i + 10)
      await producer.produce(batch.map((record) => ({ ...record, headers: [...(record.headers ?? []), ...mark] })))
    }
  }
}

/** An outcome that is unknown is asked for again: giving up would leave the question to the next owner. */
async function commit(transaction: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await producer.commit()
    } catch (error) {
      if (!(error instanceof SluiceError) || error.code !== 'KAFKA_TIMEOUT' || attempt === 5) throw error
      journal('unknown', transaction)
    }
  }
}

function offsetsOf(behind: ReadonlyMap<number, number>): CommittedOffset[] {
  const offsets = Array.from(behind, ([partition, offset]) => ({ topic: job.source, partition, offset, metadata: '' }))
  return job.mutant === 'forget-partition' && offsets.length > 1 ? offsets.slice(1) : offsets
}

function isAbortable({ code }: SluiceError): boolean {
  return code === 'KAFKA_TRANSACTION_ABORTABLE'
}

function journal(what: string, transaction: string): void {
  fs.appendFileSync(job.journal, `${what} ${transaction}\n`)
}

/** What the port calls the end of a producer is the end of this process; the next one takes over. */
function end(error: unknown): never {
  fs.appendFileSync(job.journal, `ended ${describeError(error).replaceAll('\n', ' ')}\n`)
  process.exit(error instanceof SluiceError && error.code === 'KAFKA_FENCED' ? EXIT.fenced : EXIT.failed)
}
