/** `apply`, `diff` and `wait` as somebody with kubectl in their fingers uses them. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { FakeClock } from '@sluice/sdk/testing'
import { fakeWorker, type FakeWorker, type FakeWorkerOptions } from '../support/fake-worker.ts'
import { type Run, run, type RunOptions } from '../support/test-terminal.ts'

let dir: string
let worker: FakeWorker
beforeEach(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-apply-'))
  worker = await fakeWorker()
})
afterEach(async () => {
  await worker.close()
  fs.rmSync(dir, { recursive: true, force: true })
})

async function anotherWorker(options: FakeWorkerOptions): Promise<void> {
  await worker.close()
  worker = await fakeWorker(options)
}

const sluice = (args: string, options: RunOptions = {}): Promise<Run> =>
  run(args.split(' '), { ...options, env: { SLUICE_CONNECT: worker.url } })

function file(name: string, ...connectors: string[]): void {
  fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true })
  fs.writeFileSync(path.join(dir, name), connectors.map((each) => `name: ${each}\nconnector.class: C\n`).join('---\n'))
}

const present = (...names: string[]): void => {
  for (const name of names) worker.connectors.set(name, { name, 'connector.class': 'C' })
}

describe('apply --prune', () => {
  beforeEach(() => {
    file('a.yaml', 'orders-a')
    present('orders-a', 'orders-b', 'customers')
  })

  test('deletes what is in no file and has the prefix, and nothing else', async () => {
    expect(await sluice(`apply -f ${dir} --prune --prefix orders- --yes`)).toEqual({
      status: 0,
      out: 'orders-a unchanged\norders-b deleted\n',
      err: '',
    })
    expect([...worker.connectors.keys()]).toEqual(['orders-a', 'customers'])
  })

  test('--all means all of the cluster', async () => {
    expect((await sluice(`apply -f ${dir} --prune --all --yes`)).out).toBe(
      'orders-a unchanged\ncustomers deleted\norders-b deleted\n',
    )
  })

  test('without --yes does nothing at all, and says what it would delete', async () => {
    file('c.yaml', 'orders-c')
    expect(await sluice(`apply -f ${dir} --prune --all`)).toMatchObject({
      status: 2,
      out: '',
      err: expect.stringContaining('would delete customers, orders-b; nothing was done'),
    })
    expect(worker.asked.filter((asked) => !asked.startsWith('GET'))).toEqual([])
  })

  test('without --yes is right where there is nothing to delete', async () => {
    expect(await sluice(`apply -f ${dir} --prune --prefix orders-a`)).toMatchObject({ status: 0 })
  })

  test('is shown by --dry-run, which deletes nothing', async () => {
    expect(await sluice(`apply -f ${dir} --prune --prefix orders- --dry-run`)).toEqual({
      status: 0,
      out: 'orders-a unchanged (dry run)\norders-b would be deleted (dry run)\n',
      err: '',
    })
    expect(worker.connectors.has('orders-b')).toBe(true)
  })

  test('deletes nothing when something before it failed', async () => {
    await anotherWorker({
      instead: (request) =>
        request === 'PUT /connectors/orders-c/config'
          ? { status: 400, body: { error_code: 400, message: 'no' } }
          : undefined,
    })
    present('orders-a', 'orders-b')
    file('c.yaml', 'orders-c')
    const { status, err } = await sluice(`apply -f ${dir} --prune --all --yes`)
    expect(status).toBe(6)
    expect(err).toContain('Not deleted, because of what failed: orders-b')
    expect(worker.connectors.has('orders-b')).toBe(true)
  })

  test.each([
    ['--prune --yes', 'needs either --prefix or --all'],
    ['--prune --all --prefix o', 'needs either --prefix or --all'],
    ['--all', 'belong to --prune'],
    ['--prefix x', 'belong to --prune'],
  ])('%s is wrong usage', async (options, words) => {
    expect(await sluice(`apply -f ${dir} ${options}`)).toMatchObject({ status: 2, err: expect.stringContaining(words) })
    expect(await sluice(`diff -f ${dir} ${options.replace(' --yes', '')}`)).toMatchObject({ status: 2 })
  })
})

describe('apply and diff -f FOLDER', () => {
  beforeEach(() => {
    file('a.yaml', 'a')
    file('below/deep/b.yaml', 'b', 'c')
    file('.hidden/d.yaml', 'd')
  })

  test('look at the folder alone', async () => {
    expect((await sluice(`apply -f ${dir}`)).out).toBe('a created\n')
  })

  test('-R look at folders below it, but not at hidden ones', async () => {
    expect((await sluice(`apply -R -f ${dir}`)).out).toBe('a created\nb created\nc created\n')
  })

  test('that has nothing itself, say that -R is there', async () => {
    const { status, err } = await sluice(`apply -f ${path.join(dir, 'below')}`)
    expect(status).toBe(2)
    expect(err).toContain('-R looks into those below it')
  })
})

describe('diff ends as kubectl diff does', () => {
  beforeEach(() => file('a.yaml', 'a', 'b'))

  test('0 when nothing differs', async () => {
    present('a', 'b', 'other')
    expect(await sluice(`diff -f ${dir}`)).toEqual({ status: 0, out: '', err: '' })
  })

  test('1 when something does', async () => {
    present('b')
    expect(await sluice(`diff -f ${dir}`)).toEqual({
      status: 1,
      out: 'a (new)\n  + connector.class=C\n  + name=a\n',
      err: '',
    })
  })

  test('1 for what --prune would delete', async () => {
    present('a', 'b', 'z')
    expect(await sluice(`diff -f ${dir} --prune --all`)).toEqual({
      status: 1,
      out: 'z (in no file)\n  - connector.class=C\n  - name=z\n',
      err: '',
    })
  })

  test.each([
    [500, 2],
    [401, 7],
  ])('more than 1 when a worker answers %s, even if something differs', async (answered, status) => {
    await anotherWorker({
      instead: (request) =>
        request === 'GET /connectors/b/config'
          ? { status: answered, body: { error_code: answered, message: 'no' } }
          : undefined,
    })
    expect(await sluice(`diff -f ${dir}`)).toMatchObject({ status })
    await expect(sluice('diff -f /no/such/file')).resolves.toMatchObject({ status: 2 })
  })
})

describe('wait', () => {
  test('comes back when all are as they shall be', async () => {
    present('a', 'b')
    const clock = new FakeClock({ impatient: true })
    expect(await sluice('wait a b', { clock })).toEqual({ status: 0, out: 'a RUNNING\nb RUNNING\n', err: '' })
    expect((await sluice('wait --all --for state=RUNNING', { clock })).out).toBe('a RUNNING\nb RUNNING\n')
    expect((await sluice('wait gone --for delete', { clock })).out).toBe('gone DELETED\n')
  })

  test('ends with 8 when the time is over, and 1 for what stays FAILED', async () => {
    present('a')
    const clock = new FakeClock({ impatient: true })
    expect(await sluice('wait a --for state=PAUSED --timeout 3s', { clock })).toMatchObject({
      status: 8,
      err: expect.stringContaining('a is not PAUSED after 3000 ms'),
    })
    worker.states.set('a', 'FAILED')
    expect(await sluice('wait a', { clock })).toMatchObject({ status: 1 })
  })

  test.each(['wait', 'wait a --all', 'wait a --for=RUNING'])('%s is wrong usage', async (args) => {
    expect(await sluice(args)).toMatchObject({ status: 2 })
  })
})

test('get -o jsonpath= shows parts of what -o json shows, without secrets', async () => {
  worker.connectors.set('a', { name: 'a', 'database.password': 'hunter2' })
  present('b')
  expect((await sluice('get connectors -o jsonpath={[*].connector.state}')).out).toBe('RUNNING RUNNING')
  expect((await sluice('get connector a -o jsonpath={.config}')).out).toBe(
    '{"name":"a","database.password":"[hidden]"}',
  )
  expect(await sluice('get connectors -o jsonpath={.a')).toMatchObject({ status: 2 })
  expect(await sluice('get connectors -o jsn')).toMatchObject({
    status: 2,
    err: expect.stringContaining('none of table'),
  })
})
