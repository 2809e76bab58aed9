/** `sluice processors`, on a worker that has answers ready. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { fakeWorker, type FakeWorker, type Reply } from '../support/fake-worker.ts'
import { run, type Run } from '../support/test-terminal.ts'

let worker: FakeWorker
let isThere = false
let deployment = 1
const info = { name: 'a', config: {}, target_state: 'RUNNING', deployment: 1, version: '1' }

const status = {
  name: 'a',
  state: 'RUNNING',
  target_state: 'RUNNING',
  paused_keys: [
    { topic: 't', key: 'c\u001b7', key_base64: 'Yxs3' },
    { topic: 't', key: null, key_base64: '/w==' },
  ],
  deployment: 1,
  version: '1',
  instances: [{ id: 0, worker_id: 'w:1', state: 'RUNNING', streams_state: 'RUNNING', version: '1', deployment: 1 }],
  tasks: [{ id: '0_0', instance: 0, worker_id: 'w:1', partitions: [{ topic: 't', partition: 0 }] }],
  lag: {
    highest: 7,
    partitions: [
      { topic: 't', partition: 1, committed_offset: null, end_offset: 7, lag: 7 },
      { topic: 't', partition: 0, committed_offset: 3, end_offset: 3, lag: 0 },
    ],
    problem: 'Kafka does not say it all',
  },
}

const deployed = { 'processor.class': 'copy', topic: 't', pin: '1234', 'lookup.password': '${file:/s:p}' }
const versions = [2, 1].map((number) => ({
  deployment: number,
  version: '1',
  deployed_at: 0,
  is_current: number === 2,
  runs_on: [],
  config: { ...deployed, 'lookup.password': number === 1 ? 'opensesame' : deployed['lookup.password'] },
}))
let validated: Reply
const settingOf = (name: string, type: string): object => ({
  definition: { name, type },
  value: { name, value: null, recommended_values: [], errors: [], visible: true },
})
const validation = {
  name: 'a',
  error_count: 0,
  groups: [],
  configs: [settingOf('topic', 'STRING'), settingOf('pin', 'PASSWORD')],
}

function answer(request: string): Reply | undefined {
  if (request === 'POST /v1/processors') return { status: 201, body: { ...info, target_state: 'PAUSED' } }
  if (request === 'PUT /v1/processors/a/config') return { status: 200, body: { ...info, deployment } }
  if (/^PUT \/v1\/processors\/a\/(pause|resume)/.test(request)) return { status: 202, body: null }
  if (request === 'GET /v1/processors/a/versions') return { status: 200, body: versions }
  if (request === 'PUT /v1/processors/a/config/validate') return validated
  if (request.startsWith('GET /v1/processors/a/status')) return { status: 200, body: status }
  if (request !== 'GET /v1/processors/a') return undefined
  return isThere ? { status: 200, body: info } : { status: 404, body: { error_code: 404, message: 'not found' } }
}

beforeEach(async () => {
  isThere = false
  deployment = 1
  validated = { status: 200, body: validation }
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

test('apply leaves one that is there in the state that it has, and says whether it is deployed anew', async () => {
  isThere = true
  expect(await apply(file)).toMatchObject({ status: 0, out: 'a unchanged: 1, version 1\n' })
  expect(worker.asked).toEqual(['GET /v1/processors/a', 'PUT /v1/processors/a/config'])
  deployment = 2
  expect(await apply(file)).toMatchObject({ status: 0, out: 'a deployed: 2, version 1\n' })
})

test('status says how far it is behind: at most, and with -o wide in each partition; what is not known, too; and which keys are paused', async () => {
  const show = (...more: string[]): Promise<Run> =>
    run(['processors', 'status', 'a', ...more], { env: { SLUICE_CONNECT: worker.url } })
  const behind =
    'Behind by 7 records at most, in t-1\nKafka does not say it all\nPaused in t: key c 7\nPaused in t: key /w== (base64)\n'
  expect(await show()).toMatchObject({ status: 0, out: expect.not.stringContaining('COMMITTED'), err: behind })
  const wide = await show('-o', 'wide')
  expect(wide).toMatchObject({ status: 0, err: behind })
  expect(wide.out).toMatch(
    /\n\nTOPIC {2}PARTITION {2}COMMITTED {2}END {2}LAG\nt {6}1 {10}- {10}7 {4}7\nt {6}0 {10}3 {10}3 {4}0\n$/,
  )
  expect(JSON.parse((await show('-o', 'json')).out)).toEqual(status)
})

test('versions have their settings without what is secret: by its declaration, or by how it is called', async () => {
  const show = (...more: string[]): Promise<Run> =>
    run(['processors', 'versions', 'a', ...more], { env: { SLUICE_CONNECT: worker.url } })
  const json = await show('-o', 'json')
  expect(json.err).toBe('')
  expect((JSON.parse(json.out) as typeof versions).map(({ config }) => config)).toEqual([
    { ...deployed, pin: '[hidden]' },
    { ...deployed, pin: '[hidden]', 'lookup.password': '[hidden]' },
  ])
  expect(worker.asked).toEqual(['GET /v1/processors/a/versions', 'PUT /v1/processors/a/config/validate'])
  expect(JSON.parse((await show('-o', 'json', '--show-secrets')).out)).toEqual(versions)
  expect(await show()).toMatchObject({ status: 0, out: expect.stringMatching(/^DEPLOYMENT.*\n2 \*/) })
  expect(worker.asked.length).toBe(4)
})

test.each([403, 500])(
  'versions whose code cannot be asked (%d) are shown by names and values, and what may be secret is named',
  async (status) => {
    validated = { status, body: { error_code: status, message: 'no' } }
    const { out, ...rest } = await run(['processors', 'versions', 'a', '-o', 'json'], {
      env: { SLUICE_CONNECT: worker.url },
    })
    expect((JSON.parse(out) as typeof versions).map(({ config }) => config)).toEqual([
      deployed,
      { ...deployed, 'lookup.password': '[hidden]' },
    ])
    expect(rest.status).toBe(0)
    expect(rest.err).toMatch(
      /^sluice: the worker does not say which settings of copy .*\n(.*\n)*sluice: shown, .* secret: topic, pin\n$/,
    )
  },
)

test('settings of an older deployment that its code does not declare any more are named where they are shown', async () => {
  validated = { status: 200, body: { ...validation, configs: [settingOf('topic', 'STRING')] } }
  const { err } = await run(['processors', 'versions', 'a', '-o', 'json'], { env: { SLUICE_CONNECT: worker.url } })
  expect(err).toBe('sluice: shown, though nothing says whether they are secret: pin\n')
})

test('a key is paused and resumed by its topic and its text or bytes', async () => {
  const say = (...args: string[]): Promise<Run> => run(['processors', ...args], { env: { SLUICE_CONNECT: worker.url } })
  expect(await say('pause', 'a', '--topic', 't', '--key', 'c 7')).toMatchObject({
    status: 0,
    out: 'a: the key will be held back\n',
  })
  expect(await say('resume', 'a', '--topic', 't', '--key-base64', '/w==')).toMatchObject({
    status: 0,
    out: 'a: the key will go on\n',
  })
  expect(await say('pause', 'a')).toMatchObject({ status: 0, out: 'a will be paused\n' })
  expect(worker.asked).toEqual([
    'PUT /v1/processors/a/pause?topic=t&key=c+7',
    'PUT /v1/processors/a/resume?topic=t&key_base64=%2Fw%3D%3D',
    'PUT /v1/processors/a/pause',
  ])
  expect(await say('pause', 'a', '--topic', 't', '--key', 'x', '--wait')).toMatchObject({ status: 2, out: '' })
})
