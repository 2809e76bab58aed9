import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Connectors } from '../../src/quickstart/connectors.ts'

interface Asked {
  readonly what: string
  readonly body: unknown
}

type Answer = readonly [status: number, body: unknown]

/** A worker that gives one answer after the other to each request, the last one again and again. */
let answers: Record<string, readonly Answer[]>
let asked: Asked[]
let server: http.Server
let url: string
let connectors: Connectors
let interrupt: AbortController

beforeEach(async () => {
  answers = {}
  asked = []
  server = http.createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const what = `${request.method} ${request.url}`
      const text = Buffer.concat(chunks).toString()
      asked.push({ what, body: text === '' ? null : JSON.parse(text) })
      const [next, ...others] = answers[what] ?? []
      if (next === undefined) return
      if (others.length > 0) answers[what] = others
      const [status, body] = next
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  interrupt = new AbortController()
  connectors = new Connectors(url, interrupt.signal)
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const CONFIG = { name: 'a b', 'connector.class': 'file-source' }
const GET = 'GET /connectors/a%20b/config'
const PUT = 'PUT /connectors/a%20b/config'
const STOP = 'PUT /connectors/a%20b/stop'
const STATUS = 'GET /connectors/a%20b/status'
const RESUME = 'PUT /connectors/a%20b/resume'
const MISSING: Answer = [404, { error_code: 404, message: 'Connector a b not found' }]

describe('a connector', () => {
  test('that is not there is made', async () => {
    answers = { [GET]: [MISSING], [PUT]: [[201, {}]] }
    await connectors.put(CONFIG)
    expect(asked.at(-1)).toEqual({ what: PUT, body: CONFIG })
  })

  test('that has other settings is stopped, gets these when none of its tasks is left, and goes on', async () => {
    const status = (state: string, tasks: number): Answer => [
      200,
      { name: 'a b', connector: { state, worker_id: 'w' }, tasks: Array.from({ length: tasks }, (_, id) => ({ id })) },
    ]
    answers = {
      [GET]: [[200, { ...CONFIG, 'tasks.max': '2' }]],
      [STOP]: [[204, '']],
      [STATUS]: [status('RUNNING', 2), status('STOPPED', 1), status('STOPPED', 0)],
      [PUT]: [[200, {}]],
      [RESUME]: [[202, '']],
    }
    await connectors.put(CONFIG)
    expect(asked.map(({ what }) => what)).toEqual([GET, STOP, STATUS, STATUS, STATUS, PUT, RESUME])
    expect(asked.at(-2)!.body).toEqual(CONFIG)
  })

  test('that has these settings keeps them, and goes on if it was left stopped', async () => {
    answers = { [GET]: [[200, CONFIG]], [RESUME]: [[202, '']] }
    await connectors.put(CONFIG)
    expect(asked.map(({ what }) => what)).toEqual([GET, RESUME])
  })

  test('is asked for again while a rebalance is under way', async () => {
    const rebalance: Answer = [409, { error_code: 409, message: 'Cannot complete request momentarily' }]
    answers = { [GET]: [rebalance, MISSING], [PUT]: [rebalance, rebalance, [201, {}]] }
    await connectors.put(CONFIG)
    expect(asked.map(({ what }) => what)).toEqual([GET, GET, PUT, PUT, PUT])
  })

  test("that cannot be made is told of in the worker's words", async () => {
    answers = { [GET]: [MISSING], [PUT]: [[400, { error_code: 400, message: 'Connector configuration is invalid' }]] }
    await expect(connectors.put(CONFIG)).rejects.toMatchObject({
      code: 'CONNECT_INVALID',
      message: expect.stringContaining('Connector configuration is invalid'),
    })
  })

  test('is waited for no longer when the run is interrupted', async () => {
    answers = {}
    const put = connectors.put(CONFIG)
    interrupt.abort()
    await expect(put).rejects.toMatchObject({ code: 'INTERRUPTED' })
  })
})

describe('whether connectors run', () => {
  const here = (state: string, trace?: string): object => ({
    state,
    worker_id: new URL(url).host,
    ...(trace === undefined ? {} : { trace }),
  })
  const before = (state: string): object => ({ state, worker_id: '127.0.0.1:1', trace: 'of the past' })
  const running = (): object => ({ connector: here('RUNNING'), tasks: [{ id: 0, ...here('RUNNING') }] })
  const told = (statuses: Record<string, object>): void => {
    const body = Object.fromEntries(Object.entries(statuses).map(([name, status]) => [name, { status }]))
    answers = { 'GET /connectors?expand=status': [[200, body]] }
  }

  test('they do when all of them and all of their tasks do', async () => {
    told({ a: running(), b: running(), c: { connector: here('FAILED', 'not asked for'), tasks: [] } })
    expect(await connectors.areRunning(['a', 'b'])).toBe(true)
  })

  test.each<[string, () => Record<string, object>]>([
    ['one is not known yet', () => ({ a: running() })],
    ['one has no tasks yet', () => ({ a: running(), b: { connector: here('RUNNING'), tasks: [] } })],
    [
      'a task does not yet',
      () => ({ a: running(), b: { connector: here('RUNNING'), tasks: [{ id: 0, ...here('UNASSIGNED') }] } }),
    ],
    [
      'a worker before this one has said so',
      () => ({ a: running(), b: { connector: here('RUNNING'), tasks: [{ id: 0, ...before('RUNNING') }] } }),
    ],
    [
      'a worker before this one has failed',
      () => ({ a: running(), b: { connector: before('FAILED'), tasks: [{ id: 0, ...before('FAILED') }] } }),
    ],
  ])('they do not when %s', async (_, statuses) => {
    told(statuses())
    expect(await connectors.areRunning(['a', 'b'])).toBe(false)
  })

  test('a failed task is told of with its reason, but not with everything that its process had to say', async () => {
    const trace = [
      'The file is not there',
      ...Array.from({ length: 30 }, (_, n) => `line ${n}`),
      '  What to do: Set file',
    ]
    told({ a: running(), b: { connector: here('RUNNING'), tasks: [{ id: 3, ...here('FAILED', trace.join('\n')) }] } })
    const error = await connectors.areRunning(['a', 'b']).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'TASK_FAILED', place: { task: 3 } })
    expect((error as Error).message).toMatch(/^The connector b failed: The file is not there\nline 0\n/)
    expect((error as Error).message).toContain('What to do: Set file')
    expect((error as Error).message).not.toContain('line 20')
  })

  test('a connector that failed itself is told of too', async () => {
    told({ a: { connector: here('FAILED', 'no class'), tasks: [] } })
    await expect(connectors.areRunning(['a'])).rejects.toMatchObject({ message: 'The connector a failed: no class' })
  })
})

describe('how far a connector is', () => {
  test('is what the worker lists', async () => {
    const offsets = [{ partition: { filename: 'x.csv' }, offset: { position: 7 } }]
    answers = { 'GET /connectors/a%20b/offsets': [[200, { offsets }]] }
    expect(await connectors.offsets('a b')).toEqual(offsets)
  })

  test('as measured: the values of its first task, and null for what nobody has measured', async () => {
    const text = [
      '# TYPE read_bytes gauge',
      'read_bytes{connector="other",task="0"} 1',
      'read_bytes{connector="a",task="1"} 2',
      'read_bytes{connector="a",task="0"} 3',
      'read_bytes_more{connector="a",task="0"} 4',
    ].join('\n')
    answers = { 'GET /metrics': [[200, text]] }
    expect(await connectors.measured('a', ['read_bytes', 'written_bytes'])).toEqual([3, null])
  })
})
