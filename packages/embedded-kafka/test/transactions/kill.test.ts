/** Brokers that are killed with kill -9, and what their transactions come to. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { RawClient } from '../support/raw-client.ts'
import { Scribe } from './transaction-scripts.ts'

const PROGRAM = fileURLToPath(new URL('killed-broker.ts', import.meta.url))
const NO_DELAY_MS = 0
const NEVER_MS = 3_600_000
let directory: string
let broker: ChildProcess | undefined

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'embedded-kafka-kill-'))
})
afterEach(async () => {
  await kill()
  rmSync(directory, { recursive: true, force: true })
})

async function start(lateMarkersMs: number): Promise<RawClient> {
  broker = spawn(process.execPath, ['--conditions=@sluice/source', PROGRAM, directory, String(lateMarkersMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(broker.stdout!, 'data')) as [Buffer]
  return RawClient.open(Number(String(line)))
}

async function kill(): Promise<void> {
  if (broker === undefined || broker.exitCode !== null || broker.signalCode !== null) return
  const exit = once(broker, 'exit')
  broker.kill('SIGKILL')
  await exit
}

/** The same producer towards a new process. */
async function restarted(before: Scribe, lateMarkersMs = NO_DELAY_MS): Promise<Scribe> {
  await kill()
  before.client.close()
  const after = new Scribe(await start(lateMarkersMs), 'killed')
  after.producerId = before.producerId
  after.producerEpoch = before.producerEpoch
  after.id(before.producerId)
  return after
}

async function begun(lateMarkersMs = NO_DELAY_MS): Promise<Scribe> {
  const scribe = new Scribe(await start(lateMarkersMs), 'killed')
  await scribe.begin()
  await scribe.init(4)
  await scribe.add(3)
  await scribe.produce(9)
  return scribe
}

describe('after kill -9', () => {
  test('an open transaction goes on and can be committed', async () => {
    const after = await restarted(await begun())
    await after.describe()
    await after.endOffset(1)
    await after.produce(9, { sequence: 1 })
    await after.end(3, true)
    await after.settled()
    await after.endOffset(1)
    expect(after.transcript).toEqual([
      'DescribeTransactions: Ongoing 60000 id1/0 [topic:0]',
      'ListOffsets 1: 0',
      'Produce 9: NONE',
      'EndTxn 3 commit: NONE',
      'DescribeTransactions: CompleteCommit 60000 id1/0 []',
      'ListOffsets 1: 3',
    ])
    after.client.close()
  })

  test.each([
    [true, 'CompleteCommit'],
    [false, 'CompleteAbort'],
  ])('a prepared transaction is completed (commit: %s)', async (isCommit, status) => {
    const before = await begun(NEVER_MS)
    await before.end(3, isCommit)
    await before.describe()
    expect(before.transcript.at(-1)).toMatch('Prepare')
    const after = await restarted(before)
    await after.settled()
    await after.endOffset(1)
    expect(after.transcript).toEqual([`DescribeTransactions: ${status} 60000 id1/0 []`, 'ListOffsets 1: 2'])
    after.client.close()
  })

  test('a fenced producer stays fenced', async () => {
    const before = await begun()
    const { producerId, producerEpoch } = before
    await before.init(4)
    const after = await restarted(before)
    await after.end(3, true, { producerId, epoch: producerEpoch })
    await after.produce(9, { sequence: 1, epoch: producerEpoch })
    expect(after.transcript).toEqual(['EndTxn 3 commit: PRODUCER_FENCED', 'Produce 9: INVALID_PRODUCER_EPOCH'])
    after.client.close()
  })

  test('no producer id is given again', async () => {
    const seen = new Set<number>()
    for (let life = 0; life < 3; life++) {
      const client = await start(NO_DELAY_MS)
      for (let i = 0; i < 5; i++) {
        const answer = await client.send('InitProducerId', { transactionalId: null, transactionTimeoutMs: 0 }, 4)
        seen.add(Number(answer.producerId))
      }
      client.close()
      await kill()
    }
    expect(seen.size).toBe(15)
  })
})
