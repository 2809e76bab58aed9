import { expect, test } from '@jest/globals'
import { fuzzRest, NASTY_NAMES } from '../../src/testing/index.ts'
import { startRest } from '../support/rest-run.ts'

test('2,000 requests, right and spoilt: no 5xx that Connect does not give, no hang, no answer outside of the contract', async () => {
  const { server, herder, processors, url } = await startRest()
  const { problems, statuses } = await fuzzRest(url, { requests: 2_000, seed: 20_260 })
  await server.stop()
  expect(problems).toEqual([])
  // Something was created, asked for, refused and unreadable; a fuzzer that only hears 404 proves nothing.
  expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 201, 202, 204, 400, 404, 405, 406, 409, 415, 500]))
  expect(herder.kept.size).toBeGreaterThan(3)
  expect(processors.names().length).toBeGreaterThan(3)
})

test('a connector of any name that can be created can be read, changed, restarted and deleted', async () => {
  const { server, url } = await startRest()
  for (const given of NASTY_NAMES) {
    const created = await fetch(`${url}/connectors`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: given, config: { 'connector.class': 'FileStreamSource' } }),
    })
    if (created.status === 400) continue
    const { name } = (await created.json()) as { readonly name: string }
    // A URL parser takes dots for a way up, however they are written.
    if (name === '.' || name === '..') continue
    const at = `${url}/connectors/${encodeURIComponent(name)}`
    expect(created.headers.get('location')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/connectors\//)
    const located = await fetch(created.headers.get('location') ?? '')
    expect([given, await located.json()]).toMatchObject([given, { name }])
    const status = await fetch(`${at}/status`)
    expect([given, status.status, await status.json()]).toMatchObject([given, 200, { name }])
    expect([given, (await fetch(`${at}/restart`, { method: 'POST' })).status]).toEqual([given, 204])
    const topics = await fetch(`${at}/topics`)
    expect(Object.keys((await topics.json()) as object)).toEqual([name])
    expect([given, (await fetch(at, { method: 'DELETE' })).status]).toEqual([given, 204])
  }
  expect(await (await fetch(`${url}/connectors`)).json()).toEqual(['..', '.'])
  await server.stop()
})
