/** Contexts: which cluster a command means, and the file that they are in. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fakeWorker, type FakeWorker } from '../support/fake-worker.ts'
import { type Run, run } from '../support/test-terminal.ts'

let home: string
let file: string
let worker: FakeWorker
beforeEach(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-home-'))
  file = path.join(home, '.config/sluice/config.yaml')
  worker = await fakeWorker()
  worker.connectors.set('orders', { name: 'orders' })
})
afterEach(async () => {
  await worker.close()
  fs.rmSync(home, { recursive: true, force: true })
})

const sluice = (args: string, env: Record<string, string> = {}): Promise<Run> =>
  run(args.split(' '), { env: { HOME: home, ...env } })
const write = (text: string, mode = 0o600): void => {
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, text, { mode })
}
const NOBODY = 'http://127.0.0.1:1'
const list = 'get connectors -o name --timeout 2s'

describe('a command asks', () => {
  const reached = { status: 0, out: 'orders\n' }
  const notReached = { status: 3 }
  beforeEach(() =>
    write(`current: here\ncontexts:\n  here: {server: '${worker.url}'}\n  nowhere: {server: '${NOBODY}'}\n`),
  )

  test.each<[string, string, Record<string, string>, object]>([
    ['the current context', list, {}, reached],
    ['that of --context', `${list} --context nowhere`, {}, notReached],
    ['that of SLUICE_CONTEXT', list, { SLUICE_CONTEXT: 'nowhere' }, notReached],
    ['that of --context before SLUICE_CONTEXT', `${list} --context here`, { SLUICE_CONTEXT: 'nowhere' }, reached],
    ['the server of the environment before the current context', list, { SLUICE_CONNECT: NOBODY }, notReached],
    [
      'that of --context before the server of the environment',
      `${list} --context=here`,
      { SLUICE_CONNECT: NOBODY },
      reached,
    ],
    ['--server before all', `${list} --context here --server ${NOBODY}`, {}, notReached],
  ])('%s', async (_, args, env, outcome) => {
    expect(await sluice(args, env)).toMatchObject(outcome)
  })

  test('the default where there is no file, and none where a context is missing', async () => {
    fs.rmSync(file)
    expect((await sluice(list)).err).toContain('http://localhost:8083')
    expect(await sluice(`${list} --context here`)).toMatchObject({ status: 2, err: expect.stringContaining(file) })
  })

  test('nobody when a context is mistyped', async () => {
    expect(await sluice(`${list} --context heer`)).toMatchObject({
      status: 2,
      err: expect.stringContaining('did you mean here?'),
    })
    expect(worker.asked).toEqual([])
  })
})

describe('the file', () => {
  test('is made, changed and read by commands, and keeps what people wrote into it', async () => {
    expect((await sluice('config get-contexts')).err).toContain('There are none')
    expect(await sluice('config current-context')).toMatchObject({ status: 2 })
    expect((await sluice(`config set-context dev --server ${worker.url}`)).status).toBe(0)
    await sluice(
      'config set-context prod --server https://u:pw@connect:8083 --user ada --password hunter2 --bootstrap k:9092',
    )
    expect(await sluice('config current-context')).toMatchObject({ status: 0, out: 'dev\n' })
    expect(fs.statSync(file).mode & 0o777).toBe(0o600)
    fs.writeFileSync(file, `# ours\n${fs.readFileSync(file, 'utf8')}`)
    expect((await sluice('config use-context prod')).status).toBe(0)
    expect(fs.readFileSync(file, 'utf8')).toMatch(/^# ours\n/)
    expect((await sluice('config get-contexts')).out).toMatch(
      /^CURRENT +NAME +SERVER +USER +BOOTSTRAP\n- +dev +http:\S+ +- +-\n\* +prod +https:\/\/u:\[hidden\]@connect:8083 +ada +k:9092\n$/,
    )
    expect((await sluice('config get-contexts -o name')).out).toBe('dev\nprod\n')
    expect((await sluice('config view')).out).not.toMatch(/hunter2|pw@/)
    expect((await sluice('config get-contexts -o json')).out).not.toMatch(/hunter2|pw@/)
    expect((await sluice('config view --show-secrets')).out).toContain('hunter2')
    await sluice('config set-context prod --user=')
    expect((await sluice('config view')).out).not.toContain('ada')
    expect((await sluice('config delete-context prod')).status).toBe(0)
    expect((await sluice('config get-contexts -o name')).out).toBe('dev\n')
    expect(await sluice('config current-context')).toMatchObject({ status: 2 })
    for (const command of ['use-context', 'delete-context'])
      expect(await sluice(`config ${command} prod`)).toMatchObject({ status: 2 })
    expect(fs.readdirSync(path.dirname(file))).toEqual(['config.yaml'])
  })

  test('that others may read is told of when there is a password in it', async () => {
    write(`current: here\ncontexts:\n  here: {server: '${worker.url}', user: ada, password: hunter2}\n`, 0o644)
    const { status, err } = await sluice(list)
    expect({ status, err }).toEqual({
      status: 0,
      err: `${file} holds a password and others may read it: chmod 600 it\n`,
    })
  })

  test('names files from its own folder', async () => {
    write(`current: here\ncontexts:\n  here: {server: '${worker.url}', cacert: ca.pem}\n`)
    expect((await sluice(list)).err).toContain(path.join(path.dirname(file), 'ca.pem'))
  })

  test.each([
    ['contexts: [', 'is no YAML'],
    ['context: {}', "has 'context', beside current and contexts"],
    ['contexts: {a: {servr: x}}', "has 'servr' in context a; did you mean server?"],
    ['contexts: {a: 1}', 'context a is no object'],
    ['current: [a]', 'has a current that is no name'],
    ['contexts: {a: {server: [x]}}', 'has a server in context a that is no text'],
  ])('with %j is refused, with what is wrong', async (text, words) => {
    write(text)
    expect(await sluice(list)).toMatchObject({ status: 2, err: expect.stringContaining(words) })
  })

  test('may be elsewhere', async () => {
    const other = path.join(home, 'other.yaml')
    await sluice(`config set-context x --server ${worker.url}`, { SLUICE_CONFIG: other })
    expect(fs.existsSync(other)).toBe(true)
    expect(await sluice(list, { SLUICE_CONFIG: other })).toMatchObject({ status: 0 })
  })
})
