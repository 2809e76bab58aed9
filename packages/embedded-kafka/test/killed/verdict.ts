import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readBatches } from '@sluice/kafka-protocol'
import type { RawClient } from '../support/raw-client.ts'
import { type RawTopic, fetchBody } from '../support/requests.ts'
import { PARTITIONS, type Stage } from './actors.ts'
import type { Ledger } from './ledger.ts'

/** Looks at a broker that has just come back, and says what is not as its clients were told. */
export async function faultsOf(stage: Stage, dataDir: string): Promise<string[]> {
  const { client, data, keyed, ledger } = stage
  const faults: string[] = []
  const committed: string[][] = []
  for (let index = 0; index < PARTITIONS; index++) {
    committed.push((await readAll(client, data, index, true)).map(({ value }) => value))
    faults.push(...rawFaults(dataDir, data, index))
  }
  faults.push(...sentFaults(ledger, committed), ...transactionFaults(ledger, committed.flat()))
  faults.push(...(await offsetFaults(stage)), ...(await topicFaults(stage)))
  const newest = new Map((await readAll(client, keyed, 0, false)).map(({ key, value }) => [key, Number(value)]))
  for (const [key, { value, attempted }] of ledger.keys) {
    const found = newest.get(key) ?? 0
    if (found < value || found > attempted) faults.push(`${key} is ${found}, not ${value} (attempted: ${attempted})`)
  }
  return faults
}

function sentFaults({ sent }: Ledger, committed: readonly string[][]): string[] {
  return committed.flatMap((values, index) => {
    const found = values.filter((value) => value.startsWith('idempotent'))
    const wanted = sent.get(index) ?? []
    const isWhole = wanted.every((value, i) => found[i] === value) && new Set(found).size === found.length
    return isWhole ? [] : [`partition ${index} has ${found.length} idempotent records of ${wanted.length} acknowledged`]
  })
}

function transactionFaults({ transactions }: Ledger, values: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return transactions.flatMap(({ id, number, isCommit, outcome, acknowledged, attempted }) => {
    let seen = 0
    for (let i = 0; i < attempted; i++) seen += counts.get(`${id} ${number} ${i}`) ?? 0
    const isRight =
      outcome === 'open' || !isCommit ? seen === 0 : seen === acknowledged || (outcome === 'unknown' && seen === 0)
    return isRight
      ? []
      : [`transaction ${id} ${number} (${outcome}, commit: ${isCommit}) shows ${seen} of ${acknowledged}`]
  })
}

async function offsetFaults({ client, data, ledger }: Stage): Promise<string[]> {
  const faults: string[] = []
  const offsetOf = async (groupId: string, partition: number): Promise<number> => {
    const groups = [{ groupId, topics: [{ name: data.name, partitionIndexes: [partition] }] }]
    for (;;) {
      const answer = await client.send('OffsetFetch', { groups, requireStable: true }, 8)
      const found = answer.groups[0]!.topics[0]!.partitions[0]!
      if (found.errorCode === 0) return Number(found.committedOffset)
      if (found.errorCode !== 88) throw new Error(`OffsetFetch: error ${found.errorCode}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  for (const [group, { acknowledged, attempted }] of ledger.commits) {
    const found = await offsetOf(group, 1)
    if (found < acknowledged || found > attempted) faults.push(`${group} has offset ${found}, not ${acknowledged}`)
  }
  for (const id of new Set(ledger.transactions.map((one) => one.id))) {
    const own = ledger.transactions.filter((one) => one.id === id && one.hasOffset && one.isCommit)
    const allowed = own.filter(({ outcome }) => outcome !== 'open').map(({ offset }) => offset)
    const acknowledged = own.filter(({ outcome }) => outcome === 'ended').at(-1)?.offset ?? -1
    const found = await offsetOf(`group of ${id}`, 0)
    const isRight = found === acknowledged || (found > acknowledged && allowed.includes(found))
    if (!isRight) faults.push(`the group of ${id} has offset ${found}, not ${acknowledged}`)
  }
  return faults
}

async function topicFaults({ client, ledger }: Stage): Promise<string[]> {
  const answer = await client.send('Metadata', { topics: null, allowAutoTopicCreation: false }, 12)
  const names = new Set(answer.topics.map(({ name }) => name))
  for (const [name, isThere] of ledger.topics) if (isThere === undefined) ledger.topics.set(name, names.has(name))
  return [...ledger.topics].flatMap(([name, isThere]) =>
    isThere === names.has(name) ? [] : [`topic ${name} ${isThere === true ? 'is gone' : 'is there again'}`],
  )
}

interface ReadRecord {
  readonly offset: number
  readonly key: string
  readonly value: string
}

/** What a consumer sees from the beginning to the end, or to the stable offset, which must reach the end. */
export async function readAll(
  client: RawClient,
  topic: RawTopic,
  index: number,
  isCommittedOnly: boolean,
): Promise<ReadRecord[]> {
  const found: ReadRecord[] = []
  const isolationLevel = isCommittedOnly ? 1 : 0
  for (let offset = 0, tries = 0; ;) {
    const answer = await client.send('Fetch', fetchBody(topic, { partitions: [index], offset, isolationLevel }), 13)
    const { records, errorCode, highWatermark, lastStableOffset, abortedTransactions } =
      answer.responses[0]!.partitions[0]!
    if (errorCode !== 0) throw new Error(`Fetch: error ${errorCode}`)
    if (isCommittedOnly && lastStableOffset !== highWatermark) {
      // Markers may be on their way.
      if (++tries > 200)
        throw new Error(`${topic.name}-${index} is stable up to ${lastStableOffset} of ${highWatermark} only`)
      await new Promise((resolve) => setTimeout(resolve, 10))
      continue
    }
    if (offset >= Number(highWatermark)) return found
    const aborted = (abortedTransactions ?? []).map(({ producerId, firstOffset }) => ({ producerId, firstOffset }))
    const skipped = new Set<number | bigint>()
    for (const batch of readBatches(records === null ? new Uint8Array(0) : Buffer.concat([records].flat()))) {
      while (aborted.length > 0 && aborted[0]!.firstOffset <= batch.lastOffset) skipped.add(aborted.shift()!.producerId)
      if (batch.isControl) skipped.delete(batch.producerId)
      else if (!(batch.isTransactional && skipped.has(batch.producerId)) && batch.count > 0) {
        const read = batch.records()
        for (let i = 0; i < read.count; i++) {
          const text = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString()
          if (read.offset(i) >= offset)
            found.push({ offset: read.offset(i), key: text(read.key(i)), value: text(read.value(i)) })
        }
      }
      offset = batch.lastOffset + 1
    }
    if (offset < Number(highWatermark) && records !== null && [records].flat().length === 0) return found
  }
}

/** The files as they lie: whole batches whose offsets follow each other. */
function rawFaults(dataDir: string, { name, id }: RawTopic, index: number): string[] {
  const directory = join(dataDir, 'topics', name, id, String(index))
  let next = 0
  for (const file of readdirSync(directory).toSorted()) {
    if (!file.endsWith('.log')) continue
    if (Number(file.slice(0, 20)) !== next) return [`${file} of ${name}-${index} begins elsewhere than at ${next}`]
    for (const batch of readBatches(readFileSync(join(directory, file)))) {
      if (batch.baseOffset !== next) return [`${name}-${index}: ${batch.baseOffset} follows ${next - 1}`]
      next = batch.lastOffset + 1
    }
  }
  return []
}
