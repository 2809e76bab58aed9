/** The client of Connect's REST API, against servers that answer as workers, proxies, strangers and nobody do. */
import { afterEach, describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import path from 'node:path'
import type { SluiceError } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { ConnectClient } from '../../src/client/index.ts'
import { freePort } from '../support/free-port.ts'
import { startRest } from '../support/rest-run.ts'

interface Reply {
  readonly status: number
  readonly body?: string
  readonly type?: string
  /** Never comes. */
  readonly hangs?: true
}

interface Asked {
  readonly method: string
  readonly url: string
  readonly authorization: string | undefined
  readonly body: string
}

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** Gives the replies one after the other, the last one for ever. */
async function serve(...replies: readonly Reply[]): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = []
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const reply = replies[Math.min(asked.length, replies.length - 1)]!
      const { method = '', url = '', headers } = request
      asked.push({ method, url, authorization: headers.authorization, body: Buffer.concat(chunks).toString() })
      if (reply.hangs) return
      response.writeHead(reply.status, { 'content-type': reply.type ?? 'application/json' }).end(reply.body ?? '')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

function error(status: number, message: string): Reply {
  return { status, body: JSON.stringify({ error_code: status, message }) }
}

async function failureOf(call: Promise<unknown>): Promise<SluiceError> {
  return call.then(
    () => {
      throw new Error('It did not fail')
    },
    (failure: unknown) => failure as SluiceError,
  )
}

const html: Reply = { status: 200, type: 'text/html; charset=utf-8', body: '<html>Welcome</html>' }

describe('a request', () => {
  test('has its path, query and body as the contract says, names escaped, below the path of the server', async () => {
    const { url, asked } = await serve({ status: 202, body: '{}' })
    const client = new ConnectClient({ server: `${url}/connect/` })
    await client.call('restartConnector', {
      path: { connector: 'a/b ü' },
      query: { includeTasks: true, onlyFailed: false },
    })
    await client.call('putConnectorConfig', { path: { connector: 'c' }, body: { 'tasks.max': 1 } })
    await client.expanded(['status', 'info'])
    expect(asked).toMatchObject([
      { method: 'POST', url: '/connect/connectors/a%2Fb%20%C3%BC/restart?includeTasks=true&onlyFailed=false' },
      { method: 'PUT', url: '/connect/connectors/c/config', body: '{"tasks.max":1}' },
      { method: 'GET', url: '/connect/connectors?expand=status&expand=info' },
    ])
  })

  test.each([
    ['options', (url: string) => ({ server: url, user: 'alice', password: 'wönder' }), 'alice:wönder'],
    ['the address', (url: string) => ({ server: url.replace('//', '//bob:p%40ss@') }), 'bob:p@ss'],
  ])('carries user and password of %s, which the address that is told does not have', async (_, options, expected) => {
    const { url, asked } = await serve({ status: 200, body: '[]' })
    const client = new ConnectClient(options(url))
    await client.call('listConnectors', {})
    expect(asked[0]!.authorization).toBe(`Basic ${Buffer.from(expected).toString('base64')}`)
    expect(client.server).toBe(url)
  })

  test.each(['localhost:8083', 'ftp://x', ''])('to %j is not made: it is no address', (server) => {
    expect(() => new ConnectClient({ server })).toThrow('no address of http or https')
  })

  test('of ours is answered by a worker of ours', async () => {
    const { url, server } = await startRest()
    closers.push(() => server.stop())
    const client = new ConnectClient({ server: url })
    expect(await client.call('serverInfo', {})).toMatchObject({ version: '4.3.1+sluice.0.0.0' })
    expect(await failureOf(client.call('connectorInfo', { path: { connector: 'none' } }))).toMatchObject({
      code: 'CONNECT_UNKNOWN',
    })
  })
})

describe('an answer', () => {
  test('without a body is undefined', async () => {
    const { url } = await serve({ status: 204 })
    expect(await new ConnectClient({ server: url }).call('stopConnector', { path: { connector: 'c' } })).toBeUndefined()
  })

  test('that is an error elsewhere is what was asked for where the contract has it: an unhealthy worker', async () => {
    const { url } = await serve({ status: 503, body: '{"status":"starting","message":"m"}' })
    expect(await new ConnectClient({ server: url }).call('health', {})).toEqual({ status: 'starting', message: 'm' })
  })

  test.each<[string, Reply, string, RegExp]>([
    ['401', error(401, 'x'), 'WORKER_AUTHENTICATION', /a user and a password/],
    ['401 without a body', { status: 401 }, 'WORKER_AUTHENTICATION', /a user and a password/],
    ['403', error(403, 'x'), 'WORKER_AUTHENTICATION', /not allow/],
    ['404 of a connector', error(404, 'Connector c not found'), 'CONNECT_UNKNOWN', /^Connector c not found$/],
    [
      '404 of an endpoint',
      error(404, 'HTTP 404 Not Found'),
      'CONNECT_UNKNOWN',
      /has no GET \/connectors\/\{connector\}$/,
    ],
    ['400', error(400, 'invalid'), 'CONNECT_INVALID', /^invalid$/],
    ['500', error(500, 'java.lang.IllegalStateException: broken'), 'WORKER_REFUSED', /500: broken/],
    ['HTML', html, 'WORKER_UNREACHABLE', /200 and text\/html, which is not Connect’s REST API/],
    ['HTML of a proxy', { ...html, status: 502 }, 'WORKER_UNREACHABLE', /502 and text\/html/],
    ['half of a JSON', { status: 200, body: '{"name":' }, 'WORKER_UNREACHABLE', /not Connect’s/],
    ['a redirect', { status: 302, body: '{}' }, 'WORKER_UNREACHABLE', /302/],
  ])('%s is told by its name', async (_, reply, code, message) => {
    const { url } = await serve(reply)
    const failure = await failureOf(
      new ConnectClient({ server: url }).call('connectorInfo', { path: { connector: 'c' } }),
    )
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) })
    expect(failure.remedy).toMatch(/\.$/)
  })

  test('that topics are not tracked (403) is no matter of rights', async () => {
    const { url } = await serve(error(403, 'Topic tracking is disabled.'))
    const failure = await failureOf(
      new ConnectClient({ server: url }).call('activeTopics', { path: { connector: 'c' } }),
    )
    expect(failure).toMatchObject({
      code: 'WORKER_REFUSED',
      message: expect.stringContaining('Topic tracking is disabled.'),
    })
  })

  test('about a class that there is not is invalid with 500, too, and says names instead of what Java prints of plugins', async () => {
    const { url } = await serve(
      error(
        500,
        "a.b.BadRequestException: a.b.ConnectException: Failed to find any class X, available connectors are: PluginDesc{klass=class k, name='a.b.Sink', version='1'}, PluginDesc{klass=class l, name='a.b.Source', version='1'}",
      ),
    )
    const failure = await failureOf(
      new ConnectClient({ server: url }).call('validateConfig', { path: { plugin: 'X' }, body: {} }),
    )
    expect(failure).toMatchObject({
      code: 'CONNECT_INVALID',
      message: 'Failed to find any class X, available connectors are: a.b.Sink, a.b.Source',
    })
  })
})

describe('a busy worker', () => {
  const busy = error(409, 'Cannot complete request because of a conflicting operation (e.g. worker rebalance)')

  test.each([busy, error(503, 'no session key')])('is asked again until it has time', async (reply) => {
    const { url, asked } = await serve(reply, reply, { status: 200, body: '["a"]' })
    const client = new ConnectClient({ server: url, clock: new FakeClock({ impatient: true }) })
    expect(await client.call('listConnectors', {})).toEqual(['a'])
    expect(asked).toHaveLength(3)
  })

  test('is given up on when the time is over, with pauses that grow to two seconds', async () => {
    const { url, asked } = await serve(busy)
    const clock = new FakeClock({ impatient: true })
    const failure = await failureOf(
      new ConnectClient({ server: url, clock, timeoutMs: 10_000 }).call('listConnectors', {}),
    )
    expect(failure).toMatchObject({
      code: 'WORKER_BUSY',
      retriable: true,
      message: expect.stringContaining('rebalance'),
    })
    // 0.1 + 0.2 + 0.4 + 0.8 + 1.6 + 2 + 2 + 2 = 9.1 s
    expect(asked).toHaveLength(9)
    expect(clock.monotonic()).toBeLessThan(10_000)
  })

  test('is not what a name that is taken means (409): that is not tried again', async () => {
    const { url, asked } = await serve(error(409, 'Connector c already exists'))
    const client = new ConnectClient({ server: url, clock: new FakeClock({ impatient: true }) })
    const failure = await failureOf(client.call('createConnector', { body: { name: 'c', config: {} } }))
    expect(failure.code).toBe('WORKER_REFUSED')
    expect(asked).toHaveLength(1)
  })
})

describe('nobody', () => {
  test('at a port is told as such, and not asked again', async () => {
    const server = `http://127.0.0.1:${await freePort()}`
    const failure = await failureOf(new ConnectClient({ server }).call('listConnectors', {}))
    expect(failure).toMatchObject({ code: 'WORKER_UNREACHABLE', message: expect.stringContaining('ECONNREFUSED') })
  })

  test('who answers is given up on in time; of what changes something, the outcome is said to be unknown', async () => {
    const { url } = await serve({ status: 200, hangs: true })
    const client = new ConnectClient({ server: url, timeoutMs: 100 })
    expect((await failureOf(client.call('listConnectors', {}))).message).toMatch(/did not answer within 100 ms$/)
    const failure = await failureOf(client.call('deleteConnector', { path: { connector: 'c' } }))
    expect(failure).toMatchObject({ code: 'WORKER_UNREACHABLE', message: expect.stringContaining('is not known') })
  })

  test('who speaks HTTP, as a broker, is no worker', async () => {
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined)
      socket.resume().end('\u0000\u0000\u0000\u0004????')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => new Promise((resolve) => server.close(resolve)))
    const { port } = server.address() as AddressInfo
    const failure = await failureOf(
      new ConnectClient({ server: `http://127.0.0.1:${port}` }).call('listConnectors', {}),
    )
    expect(failure.code).toBe('WORKER_UNREACHABLE')
  })

  test('speaks https where http is spoken', async () => {
    const { url } = await serve({ status: 200, body: '[]' })
    const failure = await failureOf(
      new ConnectClient({ server: url.replace('http', 'https') }).call('listConnectors', {}),
    )
    expect(failure).toMatchObject({
      code: 'WORKER_UNREACHABLE',
      message: expect.stringContaining('does not speak https'),
    })
  })
})

test('a certificate is trusted when its authority is given, and what to do is said when it is not', async () => {
  const read = (name: string): string =>
    fs.readFileSync(path.join(import.meta.dirname, '../../../kafka/test/security/certs', name), 'utf8')
  const server = https.createServer({ cert: read('broker.pem'), key: read('broker.key') }, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('["a"]')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => new Promise((resolve) => server.close(resolve)))
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  expect(await new ConnectClient({ server: url, ca: read('ca.pem') }).call('listConnectors', {})).toEqual(['a'])
  const failure = await failureOf(new ConnectClient({ server: url }).call('listConnectors', {}))
  expect(failure).toMatchObject({ code: 'WORKER_AUTHENTICATION', remedy: expect.stringContaining('--cacert') })
})

test('whoever interrupts a call is told that it may have been done', async () => {
  const { url } = await serve({ status: 200, hangs: true })
  const interrupt = new AbortController()
  const call = failureOf(
    new ConnectClient({ server: url }).call('stopConnector', { path: { connector: 'c' } }, interrupt.signal),
  )
  interrupt.abort()
  expect(await call).toMatchObject({ code: 'INTERRUPTED', message: expect.stringContaining('may do it all the same') })
})
