import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { silentLogger, systemClock, type RawSettings } from '@sluice/sdk'
import { RestServer } from '../../src/rest/rest-server.ts'
import { parseHeaderRules } from '../../src/rest/response-headers.ts'
import { startRest, type RestRun } from '../support/rest-run.ts'

let folder: string
let runs: RestRun[]
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rest-'))
  runs = []
})
afterEach(async () => {
  await Promise.all(runs.map(({ server }) => server.stop()))
  fs.rmSync(folder, { recursive: true })
})

async function start(settings: RawSettings): Promise<RestRun> {
  const run = await startRest(settings)
  runs.push(run)
  return run
}

function file(name: string, text: string): string {
  const at = path.join(folder, name)
  fs.writeFileSync(at, text)
  return at
}

function settingsFail(settings: RawSettings, kafkaOpts?: string): () => unknown {
  return () =>
    new RestServer({
      settings,
      kafkaOpts,
      logger: silentLogger,
      clock: systemClock,
      version: '',
      commit: '',
      metrics: () => '',
    })
}

describe('Basic auth', () => {
  const extension = 'org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension'
  const as = (name: string, password: string): { readonly headers: Record<string, string> } => ({
    headers: { Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` },
  })

  test('lets in whom the file names, and tells others what Kafka Connect tells them', async () => {
    const users = file('users', 'alice=se:cret\nbob = b\n')
    const { url } = await start({ 'rest.extension.classes': extension, 'rest.basic.auth.credentials.file': users })
    expect((await fetch(`${url}/connectors`, as('alice', 'se:cret'))).status).toBe(200)
    for (const given of [
      {},
      as('alice', 'x'),
      as('carol', ''),
      as('__proto__', ''),
      { headers: { Authorization: 'Bearer x' } },
    ]) {
      const refused = await fetch(`${url}/connectors`, given)
      expect([refused.status, await refused.text()]).toEqual([401, 'User cannot access the resource.'])
    }
    fs.writeFileSync(users, 'carol=new\n')
    expect((await fetch(`${url}/connectors`, as('carol', 'new'))).status).toBe(200)
    expect((await fetch(`${url}/connectors`, as('alice', 'se:cret'))).status).toBe(401)
  })

  test('does not ask workers, who sign, nor probes', async () => {
    const users = file('users', 'alice=a')
    const { url } = await start({
      'rest.extension.classes': 'BasicAuthSecurityRestExtension',
      'rest.basic.auth.credentials.file': users,
    })
    const headers = { 'Content-Type': 'application/json' }
    const tasks = await fetch(`${url}/connectors/a/tasks`, { method: 'POST', headers, body: '[]' })
    expect(await tasks.json()).toMatchObject({ message: 'Internal request missing required signature' })
    expect((await fetch(`${url}/connectors/a/fence`, { method: 'PUT' })).status).toBe(400)
    expect((await fetch(`${url}/connectors/a/tasks`)).status).toBe(401)
    expect((await fetch(`${url}/health/live`)).status).toBe(200)
    expect((await fetch(`${url}/health`)).status).toBe(401)
  })

  test('finds its users as Java would: through the JAAS file of KAFKA_OPTS', async () => {
    const users = file('users', 'alice=a')
    const jaas = file(
      'jaas',
      `Other { x required; };\nKafkaConnect {\n  org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule required\n  file="${users}";\n};\n`,
    )
    const server = new RestServer({
      settings: { listeners: 'http://127.0.0.1:0', 'rest.extension.classes': extension },
      kafkaOpts: `-Xmx1g -Djava.security.auth.login.config=${jaas}`,
      logger: silentLogger,
      clock: systemClock,
      version: '',
      commit: '',
      metrics: () => '',
    })
    await server.listen()
    expect((await fetch(server.urls()[0] ?? '', as('alice', 'a'))).status).toBe(503)
    expect((await fetch(server.urls()[0] ?? '')).status).toBe(401)
    await server.stop()
  })

  test('without users, or with none in the file, does not start', () => {
    const on = { 'rest.extension.classes': extension }
    expect(settingsFail(on)).toThrow(/needs users, and nothing says who they are/)
    expect(settingsFail(on, `-Djava.security.auth.login.config=${file('jaas', 'KafkaClient {};')}`)).toThrow(
      /jaas does not say who/,
    )
    expect(settingsFail({ ...on, 'rest.basic.auth.credentials.file': file('none', '# nobody\n') })).toThrow(
      /none cannot be used/,
    )
    expect(settingsFail({ 'rest.extension.classes': 'com.example.Other' })).toThrow(
      /No such REST extension: com.example.Other/,
    )
  })
})

describe('CORS', () => {
  const origin = { Origin: 'https://ui.example.com' }

  test('is off unless origins are allowed', async () => {
    const { url } = await start({})
    const { headers } = await fetch(url, { headers: origin })
    expect(headers.has('access-control-allow-origin')).toBe(false)
  })

  test('tells pages of allowed origins that they may, and others nothing', async () => {
    const { url } = await start({
      'access.control.allow.origin': 'https://*.example.com',
      'access.control.allow.methods': 'GET,PUT',
    })
    const allowed = await fetch(url, { headers: origin })
    expect(Object.fromEntries(allowed.headers)).toMatchObject({
      'access-control-allow-origin': 'https://ui.example.com',
      'access-control-allow-credentials': 'true',
      vary: 'Origin',
    })
    const other = await fetch(url, { headers: { Origin: 'https://example.org' } })
    expect([other.status, other.headers.has('access-control-allow-origin')]).toEqual([200, false])
    const preflight = (method: string): Promise<Response> =>
      fetch(`${url}/connectors/a/config`, {
        method: 'OPTIONS',
        headers: { ...origin, 'Access-Control-Request-Method': method },
      })
    const may = await preflight('PUT')
    expect([may.status, may.headers.get('access-control-allow-methods')]).toEqual([200, 'GET,PUT'])
    expect((await preflight('DELETE')).headers.has('access-control-allow-methods')).toBe(false)
  })

  test('* allows all origins', async () => {
    const { url } = await start({ 'access.control.allow.origin': '*' })
    expect((await fetch(url, { headers: origin })).headers.get('access-control-allow-origin')).toBe(origin.Origin)
  })
})

describe('headers of every answer', () => {
  test('are those of response.http.headers.config', async () => {
    const rules =
      'set X-Frame-Options:DENY, "add Cache-Control: no-cache, no-store, must-revalidate", set X-XSS-Protection: 1; mode=block, setDate Expires: 60000'
    const { url } = await start({ 'response.http.headers.config': rules })
    for (const at of ['/', '/nope']) {
      const { headers } = await fetch(url + at)
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-frame-options': 'DENY',
        'cache-control': 'no-cache, no-store, must-revalidate',
        'x-xss-protection': '1; mode=block',
      })
      expect(Date.parse(headers.get('expires') ?? '') - Date.now()).toBeGreaterThan(50_000)
    }
  })

  test('that make no sense are refused at start', () => {
    const senseless = [
      'X-Frame-Options: DENY',
      'delete X: y',
      'set X',
      'setDate X: tomorrow',
      'set X y',
      'set X: a\u0001b',
    ]
    for (const rules of senseless)
      expect(settingsFail({ 'response.http.headers.config': rules })).toThrow(/response.http.headers.config/)
    expect(parseHeaderRules('')).toEqual([])
  })
})

describe('admin listeners', () => {
  const loggers = async (url: string): Promise<number> => (await fetch(`${url}/admin/loggers`)).status

  test('are the listeners when not set, none when empty, and the only place when set', async () => {
    expect(await loggers((await start({})).url)).toBe(200)
    expect(await loggers((await start({ 'admin.listeners': '' })).url)).toBe(404)
    const { url, server } = await start({ 'admin.listeners': 'http://127.0.0.1:0' })
    const [admin = ''] = server.urls('admin')
    expect([await loggers(url), await loggers(admin)]).toEqual([404, 200])
    expect((await fetch(`${admin}/connectors`)).status).toBe(404)
    expect([(await fetch(`${admin}/health`)).status, (await fetch(`${admin}/metrics`)).status]).toEqual([200, 200])
  })
})
