/**
 * CPU time of the broker per 1,000,000 records of 100 B in and out again (batches of 1,000, one request each way); the client is a
 * process of its own and does not count. Then the round trip of a single record.
 *
 *     node --conditions=@sluice/source packages/embedded-kafka/bench/produce-fetch.ts [DIR]
 */
import { fork } from 'node:child_process'
import { startEmbeddedKafka } from '@sluice/embedded-kafka'
import { BatchAppender } from '@sluice/kafka-protocol'
import { RawClient } from '../test/support/raw-client.ts'
import { createTopic, fetchBody, produceBody } from '../test/support/requests.ts'

const RECORDS = 1000
const WARM_UP = 1000
const ROUNDS = 3000

await (process.send === undefined ? asBroker(process.argv[2]) : asClient(Number(process.argv[2])))

async function asBroker(dataDir: string | undefined): Promise<void> {
  const kafka = await startEmbeddedKafka(dataDir === undefined ? {} : { dataDir })
  const execArgv = ['--conditions=@sluice/source']
  const client = fork(import.meta.filename, [String(kafka.addresses[0]!.port)], { execArgv })
  let before = process.cpuUsage()
  client.on('message', (message: 'begin' | 'end' | { p50Ms: number; p99Ms: number }) => {
    if (message === 'begin') {
      before = process.cpuUsage()
      client.send('go')
    } else if (message === 'end') {
      const { user, system } = process.cpuUsage(before)
      const perMillion = (user + system) / ROUNDS / RECORDS
      console.log(
        JSON.stringify({ measured: 'broker, 100 B in and out', cpuSecondsPerMillion: Number(perMillion.toFixed(3)) }),
      )
    } else console.log(JSON.stringify({ measured: 'round trip of one record', ...message }))
  })
  client.on('exit', () => void kafka.close())
}

async function asClient(port: number): Promise<void> {
  const client = await RawClient.open(port)
  const topic = await createTopic(client, 'bench')
  const records = batch(RECORDS)
  let offset = 0
  const rounds = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++, offset += RECORDS) {
      await client.send('Produce', produceBody(topic, records))
      await client.send('Fetch', fetchBody(topic, { offset }))
    }
  }
  await rounds(WARM_UP)
  process.send!('begin')
  await new Promise((resolve) => process.once('message', resolve))
  await rounds(ROUNDS)
  process.send!('end')

  const one = batch(1)
  const times: number[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const from = performance.now()
    await client.send('Produce', produceBody(topic, one))
    times.push(performance.now() - from)
  }
  times.sort((a, b) => a - b)
  const at = (part: number) => Number(times[Math.floor(times.length * part)]!.toFixed(3))
  process.send!({ p50Ms: at(0.5), p99Ms: at(0.99) }, () => process.exit(0))
}

function batch(count: number): Uint8Array {
  const appender = new BatchAppender(new Uint8Array(61 + count * 128))
  for (let i = 0; i < count; i++) appender.append(null, Buffer.alloc(100, `value ${i} `), Date.now(), null)
  return appender.seal()
}
