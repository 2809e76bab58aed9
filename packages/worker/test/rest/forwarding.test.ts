import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { FakeClock } from '@sluice/sdk/testing'
import { HerderError, NotAssigned, NotLeader } from '../../src/herder/herder.ts'
import { LeaderClient } from '../../src/rest/leader-client.ts'
import { WorkerClient } from '../../src/rest/worker-client.ts'
import { startRest, type RestRun } from '../support/rest-run.ts'

const JSON_HEADERS = { 'Content-Type': 'application/json' }
const KEY = Buffer.from('k'.repeat(32))

let follower: RestRun
let leader: RestRun
beforeEach(async () => {
  follower = await startRest()
  leader = await startRest()
  const away = (): Promise<never> => Promise.reject(new NotLeader('not the leader', `${leader.url}/`))
  Object.assign(follower.herder, {
    putConnectorConfig: away,
    deleteConnector: away,
    restartConnectorAndTasks: away,
    restartTask: away,
    putTaskConfigs: away,
    alterConnectorOffsets: away,
  })
})
afterEach(() => Promise.all([follower.server.stop(), leader.server.stop()]))

function post(url: string, body?: unknown): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: JSON_HEADERS,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}

const connector = { name: 'a/b', config: { 'connector.class': 'FileStreamSource' } }

describe('a follower', () => {
  test('has the leader create a connector, and answers as if it had, with its own host in Location', async () => {
    const answer = await post(`${follower.url}/connectors`, connector)
    expect([answer.status, answer.headers.get('location')]).toEqual([201, `${follower.url}/connectors/a%2Fb`])
    expect(await answer.json()).toMatchObject({ name: 'a/b' })
    expect(leader.herder.connectors()).toEqual(['a/b'])
  })

  test('passes path, query and refusals on as they are', async () => {
    await post(`${leader.url}/connectors`, connector)
    const restarted = await post(`${follower.url}/connectors/a%2Fb/restart?includeTasks=true`)
    expect([restarted.status, await restarted.json()]).toMatchObject([202, { tasks: [{ state: 'RESTARTING' }] }])
    const taken = await post(`${follower.url}/connectors`, connector)
    expect([taken.status, await taken.json()]).toEqual([
      409,
      { error_code: 409, message: 'Connector a/b already exists' },
    ])
    const gone = await fetch(`${follower.url}/connectors/a%2Fb`, { method: 'DELETE' })
    expect([gone.status, await gone.text()]).toEqual([204, ''])
    const absent = await fetch(`${follower.url}/connectors/absent/offsets`, { method: 'DELETE' })
    expect([absent.status, await absent.json()]).toEqual([
      404,
      { error_code: 404, message: 'Connector absent not found' },
    ])
  })

  test('goes no further than two hops: leader, then owner', async () => {
    const owner = await startRest()
    await post(`${owner.url}/connectors`, { ...connector, name: 'a' })
    leader.herder.restartTask = () => Promise.reject(new NotAssigned('not here', `${owner.url}/`))
    expect((await post(`${follower.url}/connectors/a/tasks/0/restart`)).status).toBe(204)
    // The owner has lost it meanwhile: its answer to forward=false ends the search.
    owner.herder.restartTask = () => Promise.reject(new NotAssigned('nor here', `${follower.url}/`))
    const lost = await post(`${follower.url}/connectors/a/tasks/0/restart`)
    const message = 'Cannot complete request because of a conflicting operation (e.g. worker rebalance)'
    expect([lost.status, await lost.json()]).toEqual([409, { error_code: 409, message }])
    const last = await post(`${follower.url}/connectors/a/tasks/0/restart?forward=false`)
    expect([last.status, await last.json()]).toEqual([409, { error_code: 409, message }])
    await owner.server.stop()
  })

  test('says 409 while nobody knows a leader, and 500 when it cannot be reached', async () => {
    follower.herder.deleteConnector = () => Promise.reject(new NotLeader('not the leader', null))
    const unknown = await fetch(`${follower.url}/connectors/a`, { method: 'DELETE' })
    expect([unknown.status, await unknown.json()]).toEqual([
      409,
      {
        error_code: 409,
        message:
          'Cannot complete request momentarily due to no known leader URL, likely because a rebalance was underway.',
      },
    ])
    follower.herder.deleteConnector = () => Promise.reject(new NotLeader('not the leader', 'http://127.0.0.1:1/'))
    const unreachable = await fetch(`${follower.url}/connectors/a`, { method: 'DELETE' })
    expect([unreachable.status, await unreachable.json()]).toEqual([
      500,
      {
        error_code: 500,
        message: expect.stringMatching(/^IO Error trying to forward REST request: .*ECONNREFUSED/) as unknown,
      },
    ])
  })

  test('answers reads of its own, also as a follower', async () => {
    expect(await (await fetch(`${follower.url}/connectors/a/status`)).json()).toEqual({
      error_code: 404,
      message: 'No status found for connector a',
    })
  })

  test('sends no more headers than the standard ones and Authorization, and follows no redirect', async () => {
    const seen: http.IncomingHttpHeaders[] = []
    const other = http.createServer((request, response) => {
      seen.push(request.headers)
      response.writeHead(302, { Location: leader.url }).end()
    })
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    follower.herder.deleteConnector = () => Promise.reject(new NotLeader('', `http://127.0.0.1:${port}/`))
    const headers = { Authorization: 'Basic eDp5', Cookie: 'a=b', 'X-Other': 'c' }
    const answer = await fetch(`${follower.url}/connectors/a`, { method: 'DELETE', headers })
    other.close()
    expect([answer.status, await answer.json()]).toMatchObject([
      500,
      { message: 'Unexpected status code when handling forwarded request: 302' },
    ])
    const { host, connection, ...rest } = seen[0] ?? {}
    expect([host, connection]).toEqual([`127.0.0.1:${port}`, 'close'])
    expect(rest).toEqual({
      authorization: 'Basic eDp5',
      accept: 'application/json',
      'content-type': 'application/json',
      'user-agent': 'kafka-connect',
      'content-length': '0',
    })
  })
})

describe('what a worker asks of its leader', () => {
  const client = new WorkerClient(() => ({}), 5_000)

  function ask(parts: Partial<ConstructorParameters<typeof LeaderClient>[0]> = {}): LeaderClient {
    return new LeaderClient({
      client,
      clock: new FakeClock({ impatient: true }),
      leaderUrl: () => `${leader.url}/`,
      signing: () => ({ key: KEY, algorithm: 'HmacSHA256' }),
      ...parts,
    })
  }

  beforeEach(() => {
    leader.herder.keys = { sessionKey: KEY, algorithms: ['HmacSHA256'] }
  })

  test('is signed, and so accepted', async () => {
    await ask().putTaskConfigs('a/é', [{ x: '1' }], new AbortController().signal)
    await ask().fenceZombies('a/é', new AbortController().signal)
    expect(leader.herder.heard).toEqual(['tasks of a/é: [{"x":"1"}]', 'fence a/é'])
  })

  test('stays signed when a follower passes it on', async () => {
    await ask({ leaderUrl: () => follower.url }).putTaskConfigs('a', [], new AbortController().signal)
    expect(leader.herder.heard).toEqual(['tasks of a: []'])
  })

  test('is asked again with the key of that moment after 403, since keys are renewed', async () => {
    let asked = 0
    const signing = (): { readonly key: Buffer; readonly algorithm: string } => {
      asked++
      return { key: asked < 4 ? Buffer.from('old') : KEY, algorithm: 'HmacSHA256' }
    }
    await ask({ signing }).fenceZombies('a', new AbortController().signal)
    expect([asked, leader.herder.heard]).toEqual([4, ['fence a']])
  })

  test('ends after a minute of 403, at once when the worker stops, and at any other refusal', async () => {
    const clock = new FakeClock({ impatient: true })
    const begun = clock.monotonic()
    const wrong = (): { readonly key: Buffer; readonly algorithm: string } => ({
      key: Buffer.from('old'),
      algorithm: 'HmacSHA256',
    })
    await expect(ask({ clock, signing: wrong }).fenceZombies('a', new AbortController().signal)).rejects.toMatchObject({
      status: 403,
    })
    // 250 ms doubled until a minute has passed: 63,750 ms.
    expect(clock.monotonic() - begun).toBe(63_750)
    await expect(ask({ signing: wrong }).fenceZombies('a', AbortSignal.abort())).rejects.toMatchObject({ status: 403 })
    await expect(ask({ signing: () => null }).fenceZombies('a', new AbortController().signal)).rejects.toEqual(
      new HerderError(400, 'Internal request missing required signature'),
    )
    await expect(ask({ leaderUrl: () => null }).fenceZombies('a', new AbortController().signal)).rejects.toMatchObject({
      status: 409,
    })
  })
})
