/** A command against what is no worker, or one that is not well: each outcome has a name, an exit status and a remedy. */
import { afterEach, describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { FakeClock } from '@sluice/sdk/testing'
import { fakeWorker, type Reply } from '../support/fake-worker.ts'
import { type Run, run, type RunOptions } from '../support/test-terminal.ts'

const CERTS = path.join(import.meta.dirname, '../../../kafka/test/security/certs')
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function answering(instead: (request: string, times: number) => Reply | undefined): Promise<string> {
  const worker = await fakeWorker({ instead })
  closers.push(() => worker.close())
  return worker.url
}

const sluice = (args: string, server: string, options: RunOptions = {}): Promise<Run> =>
  run(args.split(' '), { ...options, env: { SLUICE_CONNECT: server } })
const error = (status: number, message: string): Reply => ({ status, body: { error_code: status, message } })
const busy = error(409, 'Cannot complete request because a rebalance is expected')

const COMMANDS = [
  'get connectors',
  'get tasks',
  'get plugins',
  'describe connector c',
  'restart c',
  'pause c',
  'offsets get c',
  'logs level get',
  'health',
  'wait c',
  'delete c',
]

describe.each(COMMANDS)('%s', (command) => {
  test.each<[string, Reply | 'nobody', number, RegExp]>([
    ['nobody is there', 'nobody', 3, /No Connect worker can be reached[^]*Start a worker/],
    ['it does not answer', { status: 0, hangs: true }, 3, /did not answer within 200 ms[^]*--timeout/],
    ['a page answers', { status: 200, type: 'text/html', body: '<html>' }, 3, /text\/html, which is not Connect/],
    ['a proxy answers for it', { status: 502, type: 'text/html', body: '<html>' }, 3, /A proxy answered/],
    ['it wants another user', error(401, 'who?'), 7, /user and a password[^]*--password/],
    ['it fails', error(500, 'oops'), 1, /500: oops[^]*log of the worker/],
  ])('when %s', async (_, reply, status, words) => {
    // To wait for a worker that comes back is what wait is for.
    if (command === 'wait c' && status === 3 && words.source.includes('No Connect')) return
    const server = reply === 'nobody' ? 'http://127.0.0.1:1' : await answering(() => reply)
    const found = await sluice(`${command} --timeout 200ms`, server)
    const wanted = command === 'wait c' && status === 3 ? [3, 8] : [status]
    expect({ command, out: found.out, isRight: wanted.includes(found.status) }).toEqual({
      command,
      out: '',
      isRight: true,
    })
    if (found.status === status) expect(found.err).toMatch(words)
  })
})

describe('a worker in a rebalance', () => {
  test('is asked again, which somebody at a terminal sees, until it can', async () => {
    const server = await answering((request, times) =>
      request === 'POST /connectors/c/restart' && times <= 6
        ? busy
        : request.startsWith('POST')
          ? { status: 204 }
          : undefined,
    )
    const clock = new FakeClock({ impatient: true })
    const { status, out, err } = await sluice('restart c', server, { clock, isInteractive: true })
    expect({ status, out }).toEqual({ status: 0, out: 'c restarted\n' })
    expect(err).toMatch(/\r[^\r]*rebalance[^\r]*\(asked again, \d s\)/)
    expect(err.endsWith('\r\u001B[K')).toBe(true)
  })

  test('that does not end is given up on with status 8; nothing is told where nobody looks', async () => {
    const server = await answering(() => busy)
    const clock = new FakeClock({ impatient: true })
    const { status, err } = await sluice('restart c --timeout 10s', server, { clock })
    expect(status).toBe(8)
    expect(err).toMatch(/^The worker cannot do it now: .*rebalance.*\n {2}What to do: .*--timeout/)
  })
})

test('a worker that is slow is waited for, and somebody at a terminal sees for what', async () => {
  const worker = await fakeWorker({ instead: (_, times) => (times === 1 ? { status: 0, hangs: true } : undefined) })
  closers.push(() => worker.close())
  const listed = sluice('get connectors --timeout 1500ms', worker.url, { isInteractive: true })
  const { status, err } = await listed
  expect(status).toBe(3)
  expect(err).toContain(`\rwaiting for ${worker.url} to answer GET /connectors\u001B[K\r\u001B[K`)
})

describe('a worker with a certificate', () => {
  async function secured(): Promise<string> {
    const [cert, key] = ['broker.pem', 'broker.key'].map((name) => fs.readFileSync(path.join(CERTS, name)))
    const server = https.createServer({ cert: cert!, key: key! }, (_, answer) => {
      answer.writeHead(200, { 'content-type': 'application/json' }).end('[]')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    })
    return `https://localhost:${(server.address() as AddressInfo).port}`
  }

  test('of an unknown authority is not trusted: status 7, and --cacert is the remedy', async () => {
    const server = await secured()
    expect(await sluice('get connectors -o name', server)).toMatchObject({
      status: 7,
      err: expect.stringMatching(/certificate .* is not trusted[^]*--cacert/),
    })
    expect(await sluice(`get connectors -o name --cacert ${CERTS}/ca.pem`, server)).toMatchObject({ status: 0 })
  })

  test('that is spoken to without it, and an authority that is no file, are told', async () => {
    const server = await secured()
    expect(await sluice('get connectors', server.replace('https', 'http'))).toMatchObject({ status: 3 })
    expect(await sluice('get connectors --cacert /no/such.pem', server)).toMatchObject({ status: 2 })
  })
})
