import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import http from 'node:http'
import net from 'node:net'
import { FakeClock } from '@sluice/sdk/testing'
import { HerderError } from '../../src/herder/herder.ts'
import { CONTRACT } from '../../src/rest/endpoints.ts'
import { openApiDocument } from '../../src/rest/openapi.ts'
import { startRest, type RestRun } from '../support/rest-run.ts'

const JSON_HEADERS = { 'Content-Type': 'application/json' }

let run: RestRun
beforeEach(async () => {
  run = await startRest({ 'rest.body.bytes.max': '20000000', 'rest.body.timeout.ms': '2000' })
})
afterEach(() => run.server.stop())

function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(run.url + path, { headers })
}

function put(path: string, body: unknown): Promise<Response> {
  return fetch(run.url + path, { method: 'PUT', headers: JSON_HEADERS, body: JSON.stringify(body) })
}

async function create(name: string, more: Record<string, string> = {}): Promise<void> {
  await run.herder.putConnectorConfig(
    name,
    { 'connector.class': 'FileStreamSource', ...more, name },
    { mayReplace: false },
  )
}

/** What comes back for bytes on a socket, until it is closed. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = net.connect(Number(new URL(run.url).port), '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (chunk) => (text += chunk.toString()))
    socket.on('close', () => resolve(text)).on('error', reject)
  })
}

describe('the JSON of answers', () => {
  test('has Kafka Connect’s properties in its order', async () => {
    await create('a', { 'tasks.max': '2' })
    const texts = await Promise.all(
      [
        '/',
        '/connectors/a',
        '/connectors/a/status',
        '/connectors/a/tasks/1/status',
        '/admin/loggers/root',
        '/nope',
      ].map(async (path) => (await get(path)).text()),
    )
    const work = `"state":"RUNNING","worker_id":"${run.server.workerId}","version":"4.3.1"`
    expect(texts).toEqual([
      '{"version":"4.3.1+sluice.0.0.0","commit":"none","kafka_cluster_id":"fake-cluster"}',
      '{"name":"a","config":{"connector.class":"FileStreamSource","tasks.max":"2","name":"a"},"tasks":[{"connector":"a","task":0},{"connector":"a","task":1}],"type":"source"}',
      `{"name":"a","connector":{${work}},"tasks":[{"id":0,${work}},{"id":1,${work}}],"type":"source"}`,
      `{"id":1,${work}}`,
      '{"level":"INFO","last_modified":null}',
      '{"error_code":404,"message":"HTTP 404 Not Found"}',
    ])
  })

  test('tells a version that nobody knows as null, and a trace only where there is one', async () => {
    const status = { workerId: 'w:1', version: null, state: 'FAILED' } as const
    run.herder.connectorStatus = () => ({
      name: 'a',
      connector: { ...status, trace: null },
      tasks: [{ id: 0, ...status, trace: 'Error: x' }],
      type: 'sink',
    })
    expect(await (await get('/connectors/a/status')).text()).toBe(
      '{"name":"a","connector":{"state":"FAILED","worker_id":"w:1","version":null},"tasks":[{"id":0,"state":"FAILED","worker_id":"w:1","version":null,"trace":"Error: x"}],"type":"sink"}',
    )
  })

  test('writes offsets beyond 2^53 as they are', async () => {
    run.herder.connectorOffsets = () =>
      Promise.resolve([{ partition: { p: 'x' }, offset: { lsn: 9_007_199_254_740_993n } }])
    const answer = await get('/connectors/a/offsets')
    expect(await answer.text()).toBe('{"offsets":[{"partition":{"p":"x"},"offset":{"lsn":9007199254740993}}]}')
  })

  test('lists 10,000 connectors, with all that is known of them', async () => {
    for (let n = 0; n < 10_000; n++) await create(`connector-${n}`)
    expect(await (await get('/connectors')).json()).toHaveLength(10_000)
    const all = (await (await get('/connectors?expand=status&expand=info&expand=nope')).json()) as Record<
      string,
      object
    >
    expect(Object.keys(all)).toHaveLength(10_000)
    expect(Object.keys(all['connector-7'] ?? {})).toEqual(['status', 'info'])
  })

  test('leaves out a connector that vanishes while the list is made', async () => {
    await create('stays')
    await create('goes')
    const known = await run.herder.connectorInfo('stays')
    run.herder.connectorInfo = (name) =>
      name === 'goes' ? Promise.reject(new HerderError(404, 'gone')) : Promise.resolve(known)
    expect(Object.keys((await (await get('/connectors?expand=info')).json()) as object)).toEqual(['stays'])
  })
})

describe('what is asked for', () => {
  test('must be taken as JSON, and be said to be JSON', async () => {
    expect((await get('/connectors', { Accept: 'text/html' })).status).toBe(406)
    expect((await get('/connectors', { Accept: 'text/html, application/*;q=0.2' })).status).toBe(200)
    const untyped = await fetch(`${run.url}/connectors`, { method: 'POST', body: Buffer.from('{}') })
    expect([untyped.status, await untyped.json()]).toEqual([
      415,
      { error_code: 415, message: 'HTTP 415 Unsupported Media Type' },
    ])
    const charset = { 'Content-Type': 'application/json; charset=utf-8' }
    const body = '{"connector.class": "FileStreamSource"}'
    expect((await fetch(`${run.url}/connectors/a/config`, { method: 'PUT', headers: charset, body })).status).toBe(201)
  })

  test('a config without name gets the one of the URL; another name is refused, by PATCH as well', async () => {
    expect(await (await put('/connectors/a/config', { 'connector.class': 'FileStreamSource' })).json()).toMatchObject({
      config: { name: 'a' },
    })
    const message = "Connector name configuration (b) doesn't match connector name in the URL (a)"
    for (const method of ['PUT', 'PATCH']) {
      const answer = await fetch(`${run.url}/connectors/a/config`, {
        method,
        headers: JSON_HEADERS,
        body: '{"name": "b"}',
      })
      expect([answer.status, await answer.json()]).toEqual([400, { error_code: 400, message }])
    }
  })

  test('paths are told apart by case, and may end with a slash', async () => {
    expect([(await get('/Connectors')).status, (await get('/connectors/')).status]).toEqual([404, 200])
  })

  test('a path whose percent signs say nothing is a bad request', async () => {
    const answer = await raw('GET /connectors/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*"error_code":400/s)
  })

  test('HEAD is answered as GET without the body, and no 405 has a body of another kind', async () => {
    await create('a')
    const head = await fetch(`${run.url}/connectors/a`, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-type'), await head.text()]).toEqual([200, 'application/json', ''])
    const options = await fetch(`${run.url}/connectors/a/offsets`, { method: 'OPTIONS' })
    expect([options.headers.get('allow'), await options.text()]).toEqual([
      'HEAD,DELETE,GET,OPTIONS,PATCH',
      'HEAD, DELETE, GET, OPTIONS, PATCH',
    ])
  })
})

describe('nothing hangs', () => {
  test('a herder that does not come to it: 500 with what keeps it busy', async () => {
    await run.server.stop()
    run = await startRest({ 'rest.request.timeout.ms': '30' })
    run.herder.gate = new Promise(() => undefined)
    run.herder.stageNow = { what: 'stopping connector x', since: 1_700_000_000_000, until: null }
    const late = await get('/connectors/a')
    expect([late.status, await late.json()]).toEqual([
      500,
      {
        error_code: 500,
        message:
          'Request timed out. The worker is currently stopping connector x, which began at 2023-11-14T22:13:20Z.',
      },
    ])
    run.herder.stageNow = {
      what: 'flushing updates to the status topic',
      since: 1_700_000_000_001,
      until: 1_700_000_000_250,
    }
    expect(await (await get('/connectors/a')).json()).toMatchObject({
      message:
        'Request timed out. The last operation the worker completed was flushing updates to the status topic, which began at 2023-11-14T22:13:20.001Z and completed at 2023-11-14T22:13:20.250Z.',
    })
    run.herder.stageNow = null
    expect(await (await get('/connectors/a')).json()).toMatchObject({ message: 'Request timed out' })
    // What does not wait for it is answered all the same.
    expect((await get('/connectors')).status).toBe(200)
  })

  test('a body that does not arrive: 408, and one that breaks off harms nobody', async () => {
    const head =
      'PUT /connectors/a/config HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a"'
    expect(await raw(head)).toMatch(/^HTTP\/1\.1 408 .*The request body did not arrive within 2000 ms/s)
    const socket = net.connect(Number(new URL(run.url).port), '127.0.0.1', () => socket.end(head))
    await new Promise((resolve) => socket.resume().on('close', resolve))
    expect((await get('/connectors')).status).toBe(200)
  })

  test('a body of 10 MB is taken, one above the limit refused with 413 and the limit', async () => {
    const big = { 'connector.class': 'FileStreamSource', x: 'y'.repeat(10_000_000) }
    expect((await put('/connectors/a/config', big)).status).toBe(201)
    const larger = await put('/connectors/a/config', { x: 'y'.repeat(21_000_000) })
    expect([larger.status, await larger.json()]).toEqual([
      413,
      { error_code: 413, message: 'The request body is larger than 20000000 bytes (rest.body.bytes.max)' },
    ])
  })

  test('what is no HTTP, or has headers without end, is told so', async () => {
    expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*"error_code":400/s)
    expect(await raw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(50_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /)
  })

  test('a herder that fails in an unforeseen way: 500 with its message, and the next request is served', async () => {
    run.herder.connectors = () => {
      throw new TypeError('a bug')
    }
    const answer = await get('/connectors')
    expect([answer.status, await answer.json()]).toEqual([500, { error_code: 500, message: 'a bug' }])
    expect((await get('/')).status).toBe(200)
  })

  test('stopping ends connections that are kept alive, and is done once', async () => {
    const agent = new http.Agent({ keepAlive: true })
    await new Promise<void>((resolve) => http.get(run.url, { agent }, (answer) => answer.resume().on('end', resolve)))
    await Promise.all([run.server.stop(), run.server.stop()])
    agent.destroy()
    await expect(get('/')).rejects.toThrow()
  })
})

describe('health', () => {
  test('is healthy after a round through the herder, starting or unhealthy when there is none in time', async () => {
    const healthy = await get('/health')
    expect([healthy.status, await healthy.json()]).toEqual([
      200,
      { status: 'healthy', message: 'Worker has completed startup and is ready to handle requests.' },
    ])
    await run.server.stop()
    const clock = new FakeClock({ impatient: true })
    run = await startRest({}, clock)
    run.herder.gate = new Promise(() => undefined)
    run.herder.isReady = false
    run.herder.stageNow = { what: 'initializing and reading to the end of internal topics', since: 0, until: null }
    const starting = await get('/health')
    const details =
      'The worker is currently initializing and reading to the end of internal topics, which began at 1970-01-01T00:00:00Z.'
    expect([starting.status, await starting.json()]).toEqual([
      503,
      { status: 'starting', message: `Worker is still starting up. ${details}` },
    ])
    run.herder.isReady = true
    const unhealthy = await get('/health')
    expect([unhealthy.status, await unhealthy.json()]).toEqual([
      500,
      {
        status: 'unhealthy',
        message: `Worker was unable to handle this request and may be unable to handle other requests. ${details}`,
      },
    ])
    // Ours: at once.
    run.herder.isReady = false
    expect([(await get('/health/ready')).status, (await get('/health/live')).status]).toEqual([503, 200])
    run.herder.isReady = true
    expect((await get('/health/ready')).status).toBe(200)
  })

  test('metrics are Prometheus’ text', async () => {
    run.metrics.counter('sluice_rest_requests_total', { path: 'a"b' }).add(3)
    const answer = await get('/metrics', { Accept: 'text/plain' })
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    expect(await answer.text()).toBe(
      '# TYPE sluice_rest_requests_total counter\nsluice_rest_requests_total{path="a\\"b"} 3\n',
    )
  })
})

describe('the contract', () => {
  test('is served as an OpenAPI document that names every endpoint, with shapes that are all there', async () => {
    const document = (await (await get('/openapi.json')).json()) as {
      readonly openapi: string
      readonly paths: Record<string, Record<string, { readonly operationId: string }>>
      readonly components: { readonly schemas: object }
    }
    expect(document).toEqual(JSON.parse(JSON.stringify(openApiDocument('4.3.1+sluice.0.0.0'))))
    const operations = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map((one) => one.operationId),
    )
    expect(operations.toSorted()).toEqual(CONTRACT.map(({ operation }) => operation).toSorted())
    const named = [...JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name = '']) => name)
    expect(named.filter((name) => !Object.hasOwn(document.components.schemas, name))).toEqual([])
  })

  test('every endpoint is reachable by its own method, and refuses all others', async () => {
    await create('x')
    for (const { method, path } of CONTRACT) {
      const at = run.url + path.replaceAll('{task}', '0').replaceAll(/\{\w+\}/g, 'x')
      const answer = await fetch(at, { method, headers: JSON_HEADERS })
      expect([path, method, answer.status]).not.toEqual([path, method, 405])
      expect([path, (await fetch(at, { method: 'PROPFIND' })).status]).toEqual([path, 405])
    }
  })
})
