/** What the pages about Kafka show is code that compiles here, and that runs on the embedded broker. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { type Kafka, connect } from '@sluice/kafka'
import { root } from '../support/house-files.ts'
import * as broker from './embedded-kafka-examples.ts'
import * as port from './kafka-port-examples.ts'

/** Code blocks in TypeScript of a page, in order. */
function blocks(page: string): readonly string[] {
  const text = fs.readFileSync(path.join(root, 'docs', page), 'utf8')
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code!)
}

function source(file: string): string {
  return fs.readFileSync(path.join(root, 'packages/e2e/test/docs', file), 'utf8')
}

/** The bodies of the functions that a file exports, as a page shows them. */
function bodies(file: string): readonly string[] {
  return [...source(file).matchAll(/^export async function [\s\S]*?> \{\n([\s\S]*?)^\}$/gm)].map(([, body]) =>
    body!.replaceAll(/^ {2}/gm, ''),
  )
}

let embedded: EmbeddedKafka
let kafka: Kafka
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-pages-'))

beforeAll(async () => {
  jest.spyOn(console, 'log').mockImplementation(() => {})
  embedded = await startEmbeddedKafka({ nodes: 3 })
  kafka = await connect({ bootstrapServers: embedded.bootstrapServers })
})
afterAll(async () => {
  await kafka.close()
  await embedded.close()
  fs.rmSync(dir, { recursive: true, force: true })
  jest.restoreAllMocks()
})

describe('docs/explanation/kafka-port.md', () => {
  test('shows the very code that is compiled and run here', () => {
    expect(blocks('explanation/kafka-port.md')).toEqual(bodies('kafka-port-examples.ts'))
  })

  test('produces, copies, fetches and shares work as it says', async () => {
    await port.connecting(embedded.bootstrapServers)
    await port.producing(kafka)
    const record = { topic: 'copies', partition: 0, key: null, value: Buffer.from('v'), timestamp: null, headers: null }
    await kafka.admin.ensureTopics([{ topic: 'copies', partitions: 1 }])
    const copiers = { groupId: 'copiers', generationId: -1, memberId: '', instanceId: null }
    const read = { topic: 'orders', partition: 0 }
    await port.transactions(kafka, [record], copiers, [{ ...read, offset: 1, metadata: '' }])
    expect(await kafka.groupOffsets('copiers').committed([read])).toMatchObject([{ offset: 1 }])
    await port.fetching(kafka)
    const values: string[] = []
    const stop = new AbortController()
    await port.groups(
      kafka,
      (value) => {
        values.push(Buffer.from(value!).toString())
        stop.abort()
      },
      stop.signal,
    )
    expect(values).toEqual(['{"eur":2}'])
    const partitions = [0, 1, 2].map((partition) => ({ topic: 'orders', partition }))
    const committed = await kafka.groupOffsets('billing').committed(partitions)
    expect(committed.filter(({ offset }) => offset === 1)).toHaveLength(1)
  })

  test('administers, keeps tables, tells of errors and can be watched as it says', async () => {
    await port.administration(kafka)
    await port.tables(kafka)
    await port.errors(kafka)
    expect(console.log).toHaveBeenLastCalledWith(
      'KAFKA_REFUSED',
      'INVALID_TOPIC_EXCEPTION',
      false,
      expect.anything(),
      expect.anything(),
    )
    await port.watching(kafka)
  })
})

describe('docs/explanation/embedded-kafka.md', () => {
  test('shows the very code that is compiled and run here', () => {
    expect(blocks('explanation/embedded-kafka.md')).toEqual(bodies('embedded-kafka-examples.ts'))
  })

  test('starts, fails and moves as it says', async () => {
    await broker.starting(path.join(dir, 'data'))
    await broker.refusals(embedded)
    await kafka.admin.ensureTopics([{ topic: 'orders', partitions: 3 }])
    await broker.moves(embedded)
    await broker.time(embedded)
    await broker.releases()
    await broker.guarded()
    await broker.afterwards(embedded)
  })
})

describe('docs/how-to', () => {
  test.each([
    ['test-a-connector.md', 'connector-on-broker.test.ts'],
    ['inject-a-fault.md', 'injected-fault.test.ts'],
  ])('%s shows the very test that runs here', (page, file) => {
    expect(blocks(`how-to/${page}`)[0]).toBe(source(file))
  })
})
