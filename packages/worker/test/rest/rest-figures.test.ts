import { afterEach, beforeEach, expect, test } from '@jest/globals'
import net from 'node:net'
import { FakeClock } from '@sluice/sdk/testing'
import { eventually } from '../support/eventually.ts'
import { startRest, type RestRun } from '../support/rest-run.ts'

let clock: FakeClock
let run: RestRun
beforeEach(async () => {
  clock = new FakeClock()
  run = await startRest({}, clock)
})
afterEach(() => run.server.stop())

/** `method endpoint status` → value. */
function read(name: string): Readonly<Record<string, number>> {
  const found = run.server.measures().samples.filter((sample) => sample.name === `sluice_rest_${name}`)
  return Object.fromEntries(found.map(({ labels, value }) => [Object.values(labels).join(' '), value]))
}

async function ask(path: string, options: RequestInit = {}): Promise<void> {
  const before = Object.values(read('requests_total')).reduce((all, count) => all + count, 0)
  await (await fetch(run.url + path, options)).text()
  await eventually('it is counted', () => {
    return Object.values(read('requests_total')).reduce((all, count) => all + count, 0) === before + 1
  })
}

test('requests are counted by method, endpoint and class of status; no name makes a series, nor does a client’s mistake', async () => {
  await run.herder.putConnectorConfig('a', { name: 'a', 'connector.class': 'x' }, { mayReplace: false })
  await ask('/connectors')
  await ask('/connectors')
  await ask('/connectors/a/status')
  for (const name of ['b', 'c', 'd']) await ask(`/connectors/${name}/status`)
  for (const path of ['/x', '/y?z']) await ask(path)
  await ask('/connectors', { method: 'PUT' })
  await ask('/connectors', { method: 'PROPFIND' })
  await ask('/connectors', { method: 'HEAD' })
  expect(read('requests_total')).toEqual({
    'GET /connectors 2xx': 2,
    'GET /connectors/{connector}/status 2xx': 1,
    'GET /connectors/{connector}/status 4xx': 3,
    'GET other 4xx': 2,
    'PUT /connectors 4xx': 1,
    'other /connectors 4xx': 1,
    'HEAD /connectors 2xx': 1,
  })
})

test('how long they take is summed up, and the longest kept for a while', async () => {
  const gate = Promise.withResolvers<void>()
  run.herder.gate = gate.promise
  const asked = ask('/health')
  await eventually('it is under way', () => read('requests_open')[''] === 1)
  clock.advance(2_500)
  gate.resolve()
  await asked
  run.herder.gate = Promise.resolve()
  await ask('/health')
  expect(read('requests_open')).toEqual({ '': 0 })
  expect(read('request_seconds_total')).toEqual({ 'GET /health 2xx': 2.5 })
  expect(read('request_seconds_max')).toEqual({ 'GET /health 2xx': 2.5 })
  clock.advance(60_000)
  expect(read('request_seconds_total')).toEqual({ 'GET /health 2xx': 2.5 })
  expect(read('request_seconds_max')).toEqual({})
})

test('a client that does not wait for its answer is counted as gone', async () => {
  run.herder.gate = new Promise(() => undefined)
  const socket = net.connect(Number(new URL(run.url).port), '127.0.0.1')
  socket.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n')
  await eventually('it is under way', () => read('requests_open')[''] === 1)
  socket.destroy()
  await eventually('it is counted', () => read('requests_total')['GET /health gone'] === 1)
  expect(read('requests_open')).toEqual({ '': 0 })
})
