/** `sluice processors`, on a worker that has answers ready. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { fakeWorker, type FakeWorker, type Reply } from '../support/fake-worker.ts'
import { run, type Run } from '../support/test-terminal.ts'

let worker: FakeWorker
let isThere = false
const info = { name: 'a', config: {}, target_state: 'RUNNING', deployment: 1, version: '1' }

function answer(request: string): Reply | undefined {
  if (request === 'POST /v1/processors') return { status: 201, body: { ...info, target_state: 'PAUSED' } }
  if (request === 'PUT /v1/processors/a/config') return { status: 200, body: info }
  if (request !== 'GET /v1/processors/a') return undefined
  return isThere ? { status: 200, body: info } : { status: 404, body: { error_code: 404, message: 'not found' } }
}

beforeEach(async () => {
  isThere = false
  worker = await fakeWorker({ instead: answer })
})
afterEach(() => worker.close())

const apply = (stdin: string): Promise<Run> =>
  run(['processors', 'apply', '-f', '-'], { stdin, env: { SLUICE_CONNECT: worker.url } })
const file = JSON.stringify({ name: 'a', config: { 'processor.class': 'copy' }, initial_state: 'paused' })

test('apply makes a new one in the state that its file has', async () => {
  expect(await apply(file)).toMatchObject({ status: 0, out: 'a deployed: 1, version 1\n', err: '' })
  expect(worker.asked).toEqual(['GET /v1/processors/a', 'POST /v1/processors'])
})

test('apply leaves one that is there in the state that it has', async () => {
  isThere = true
  expect(await apply(file)).toMatchObject({ status: 0 })
  expect(worker.asked).toEqual(['GET /v1/processors/a', 'PUT /v1/processors/a/config'])
})
