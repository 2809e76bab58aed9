/** A broker that is killed with kill -9 while everything is going on at once, seed by seed. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { RawClient } from '../support/raw-client.ts'
import {
  type Actor,
  Administrator,
  Committer,
  IdempotentProducer,
  KeyedProducer,
  PARTITIONS,
  type Stage,
  TransactionalProducer,
  numbersOf,
} from './actors.ts'
import { Ledger } from './ledger.ts'
import { faultsOf } from './verdict.ts'

const PROGRAM = fileURLToPath(new URL('killed-broker.ts', import.meta.url))
const LIVES = 4
const SEEDS = (process.env['SLUICE_TEST_SEEDS'] ?? '1').split(',').map(Number)

let dataDir: string
let broker: ChildProcess | undefined
let port: number
let errors: string[]
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'embedded-kafka-killed-'))
  errors = []
})
afterEach(async () => {
  await kill()
  rmSync(dataDir, { recursive: true, force: true })
})

async function start(): Promise<RawClient> {
  broker = fork(PROGRAM, [dataDir], { execArgv: ['--conditions=@sluice/source'] })
  return new Promise((resolve, reject) => {
    broker!.on('message', (told: { port?: number; error?: string }) => {
      if (told.port === undefined) errors.push(told.error ?? '')
      else RawClient.open((port = told.port)).then(resolve, reject)
    })
    broker!.once('exit', (code) => reject(new Error(`the broker ended with ${code}`)))
  })
}

async function kill(): Promise<void> {
  if (broker === undefined || broker.exitCode !== null || broker.signalCode !== null) return
  const exit = once(broker, 'exit')
  broker.kill('SIGKILL')
  await exit
}

/** As if they had never been written: everything must follow from the logs alone. */
function removeCheckpoints(random: (below: number) => number): void {
  for (const name of readdirSync(dataDir, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.checkpoint') && random(2) === 0) rmSync(join(dataDir, name))
  }
}

async function prepared(client: RawClient): Promise<Pick<Stage, 'data' | 'keyed'>> {
  const small = { name: 'internal.segment.bytes', value: '8000' }
  const compacted = [
    { name: 'cleanup.policy', value: 'compact' },
    { name: 'delete.retention.ms', value: '0' },
  ]
  const topics = [
    { name: 'data', numPartitions: PARTITIONS, replicationFactor: 1, assignments: [], configs: [small] },
    { name: 'keyed', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [small, ...compacted] },
  ]
  const [data, keyed] = (await client.send('CreateTopics', { topics, timeoutMs: 1000 }, 7)).topics
  return { data: { name: 'data', id: data!.topicId }, keyed: { name: 'keyed', id: keyed!.topicId } }
}

/** Repeats the steps of an actor until the broker is gone; what goes wrong before that is a fault. */
async function play(actor: Actor, stage: Stage, faults: string[]): Promise<void> {
  const { client } = stage
  try {
    for (;;) await actor.step(stage)
  } catch (error) {
    if (!client.socket.destroyed) faults.push(String(error))
  }
}

describe('a broker that is killed again and again', () => {
  it.each(SEEDS)(
    'loses nothing that it acknowledged, and shows nothing that was aborted (seed %i)',
    async (seed) => {
      const random = numbersOf(seed)
      const ledger = new Ledger()
      const producers = ['a', 'b', 'c'].map((id) => new TransactionalProducer(id))
      const actors: Actor[] = [
        ...producers,
        ...[0, 1].map((partition) => new IdempotentProducer(partition)),
        ...['x', 'y'].map((group) => new Committer(group)),
        new Administrator(),
        new KeyedProducer(),
      ]
      let client = await start()
      const stage: Stage = { ledger, random, client, ...(await prepared(client)) }
      client.close()
      for (let life = 0; life < LIVES; life++) {
        const faults: string[] = []
        const stages = await Promise.all(actors.map(async () => ({ ...stage, client: await RawClient.open(port) })))
        const plays = actors.map((actor, i) => play(actor, stages[i]!, faults))
        const compactions = setInterval(() => {
          if (broker?.connected === true)
            broker.send(['keyed', '__consumer_offsets', '__transaction_state'][random(3)]!)
        }, 40)
        await new Promise((resolve) => setTimeout(resolve, 150 + random(500)))
        clearInterval(compactions)
        await kill()
        await Promise.all(plays)
        if (random(2) === 0) removeCheckpoints(random)
        client = await start()
        for (const producer of producers) await producer.begin({ ...stage, client })
        faults.push(...(await faultsOf({ ...stage, client }, dataDir)))
        expect({ life, faults, errors }).toEqual({ life, faults: [], errors: [] })
        client.close()
      }
      expect(ledger.transactions.filter(({ outcome }) => outcome === 'ended').length).toBeGreaterThan(20)
    },
    120_000,
  )
})
