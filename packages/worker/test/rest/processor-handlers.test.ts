import { expect, test } from '@jest/globals'
import { FakeClock } from '@sluice/sdk/testing'
import { PROCESSOR_ENDPOINTS } from '../../src/rest/processor-endpoints.ts'
import { startRest } from '../support/rest-run.ts'

test.each([
  ['POST', '/v1/processors', '{'],
  ['POST', '/v1/processors', '[]'],
  ['POST', '/v1/processors', '{"name":{},"config":{}}'],
  ['POST', '/v1/processors', '{"name":"a","config":{},"initial_state":"FLYING"}'],
  ['PUT', '/v1/processors/a/config', '[]'],
  ['PUT', '/v1/processors/a/config', '{"x":{}}'],
  ['PUT', '/v1/processors/a/config/validate', '"x"'],
])('a body that cannot be read is the asker’s mistake: %s %s %s', async (method, path, body) => {
  const { server, url } = await startRest()
  const answer = await fetch(`${url}${path}`, { method, body, headers: { 'Content-Type': 'application/json' } })
  expect(answer.status).toBe(400)
  expect(await answer.json()).toMatchObject({ error_code: 400, message: expect.any(String) as unknown })
  await server.stop()
})

test('a status says how far the processor is behind, unless it is not to be asked', async () => {
  const { server, url, processors } = await startRest()
  await processors.put('a', { 'processor.class': 'csv-rows' }, { mayReplace: false })
  const shown = async (query: string): Promise<unknown> =>
    ((await (await fetch(`${url}/v1/processors/a/status${query}`)).json()) as { readonly lag?: unknown }).lag
  expect(await shown('')).toEqual({
    highest: 7,
    partitions: [{ topic: 't', partition: 0, committed_offset: 3, end_offset: 10, lag: 7 }],
    problem: null,
  })
  expect(await shown('?lag=false')).toBeUndefined()
  await server.stop()
})

test('every endpoint of processors says that it may be late, and with what it answers then', async () => {
  const clock = new FakeClock()
  const { server, url, processors } = await startRest({ 'rest.request.timeout.ms': '1000' }, clock)
  processors.lag = () => new Promise(() => undefined)
  await processors.put('a', { 'processor.class': 'csv-rows' }, { mayReplace: false })
  const asked = fetch(`${url}/v1/processors/a/status`)
  const done = new AbortController()
  void asked.finally(() => done.abort())
  while (!done.signal.aborted) {
    clock.advance(1_000)
    await new Promise((resolve) => void setImmediate(resolve))
  }
  const answer = await asked
  expect([answer.status, ((await answer.json()) as { readonly message: string }).message]).toEqual([
    500,
    expect.stringMatching(/^Request timed out/),
  ])
  for (const { answers } of PROCESSOR_ENDPOINTS) expect(answers[500][1]).toBe('Error')
  await server.stop()
})

test('a key is paused and resumed by its text or its bytes, and shown as both; a request that says half is refused', async () => {
  const { server, url, processors } = await startRest()
  await processors.put('a', { 'processor.class': 'csv-rows' }, { mayReplace: false })
  const ask = async (what: string, query: string): Promise<number | string> => {
    const answer = await fetch(`${url}/v1/processors/a/${what}?${query}`, { method: 'PUT' })
    if (answer.status === 202) return 202
    return `${answer.status} ${((await answer.json()) as { readonly message: string }).message}`
  }
  const shown = async (): Promise<unknown> =>
    ((await (await fetch(`${url}/v1/processors/a/status`)).json()) as { readonly paused_keys: unknown }).paused_keys
  expect(await ask('pause', 'topic=t&key=%C3%A9')).toBe(202)
  expect(await ask('pause', 'topic=t&key_base64=%2Fw%3D%3D')).toBe(202)
  expect(await ask('pause', 'topic=t&key=')).toBe(202)
  expect(await shown()).toEqual([
    { topic: 't', key: 'é', key_base64: 'w6k=' },
    { topic: 't', key: null, key_base64: '/w==' },
    { topic: 't', key: '', key_base64: '' },
  ])
  expect(await ask('resume', 'topic=t&key_base64=w6k%3D')).toBe(202)
  expect(await ask('resume', 'topic=t&key=')).toBe(202)
  expect(await shown()).toEqual([{ topic: 't', key: null, key_base64: '/w==' }])
  for (const what of ['pause', 'resume']) {
    expect(await ask(what, 'key=a')).toBe('400 topic is missing: the one whose key is meant')
    expect(await ask(what, 'topic=t')).toBe('400 key or key_base64 is missing: a whole topic cannot be paused')
    expect(await ask(what, 'topic=t&key=a&key_base64=YQ%3D%3D')).toBe('400 key and key_base64 are both given: give one')
    expect(await ask(what, 'topic=t&key_base64=YQ')).toBe('400 key_base64 is no base64 with its padding')
    for (const name of ['partition', 'topics', 'Key'])
      expect(await ask(what, `${name}=0`)).toMatch(new RegExp(`^400 '${name}' says nothing here`))
  }
  expect(await ask('pause', 'topic=table&key=a')).toBe('400 It is a table')
  // None of these has paused the whole.
  expect(processors.status('a').target).toBe('RUNNING')
  await server.stop()
})
