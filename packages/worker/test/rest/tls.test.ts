import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import https from 'node:https'
import os from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import type { RawSettings } from '@sluice/sdk'
import { NotLeader } from '../../src/herder/herder.ts'
import { sslSettingsOf, TlsFiles } from '../../src/rest/tls-files.ts'
import { startRest, type RestRun } from '../support/rest-run.ts'
import { PKCS12 as stores } from '../support/trust-stores.ts'

/** An authority `trial-ca`, and what it has signed for 127.0.0.1: the key store is that of `broker`. */
const certs = path.join(import.meta.dirname, '../../../kafka/test/security/certs')
const read = (name: string): string => fs.readFileSync(path.join(certs, name), 'utf8')
const PKCS12 = {
  'ssl.keystore.location': path.join(import.meta.dirname, 'certs/worker.p12'),
  'ssl.keystore.password': 'trial',
}
/** The same made into Java's own store (`keytool -importkeystore -deststoretype JKS`), the key with a password of its own. */
const JKS = {
  'ssl.keystore.location': path.join(import.meta.dirname, 'certs/worker.jks'),
  'ssl.keystore.password': 'changeit',
  'ssl.key.password': 'different',
}
/** That authority as trust stores: `openssl pkcs12 -export -nokeys`, `keytool -importcert -storetype PKCS12`, and `JKS`. */
const TRUSTING = ['trust-openssl.p12', 'trust-java.p12', 'trust.jks'].map((name) => ({
  'ssl.truststore.location': path.join(import.meta.dirname, 'certs', name),
  'ssl.truststore.password': 'changeit',
}))
const JKS_TRUST = fs.readFileSync(path.join(import.meta.dirname, 'certs/trust.jks'))
const NO_ENTRIES = Buffer.concat([Buffer.from('feedfeed0000000200000000', 'hex'), Buffer.alloc(20)])
const LISTENERS = { listeners: 'https://127.0.0.1:0' }

let folder: string
let runs: RestRun[]
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rest-tls-'))
  runs = []
})
afterEach(async () => {
  await Promise.all(runs.map(({ server }) => server.stop()))
  fs.rmSync(folder, { recursive: true })
})

async function start(settings: RawSettings): Promise<RestRun> {
  const run = await startRest({ ...LISTENERS, ...settings })
  runs.push(run)
  return run
}

function pem(name: string): string {
  const at = path.join(folder, 'store.pem')
  fs.writeFileSync(at, read(`${name}.key`) + read(`${name}.pem`))
  return at
}

/** Status, and whose certificate the server showed. */
function get(url: string, options: https.RequestOptions = {}): Promise<readonly [number | undefined, unknown]> {
  return new Promise((resolve, reject) => {
    https
      .get(url, { ca: read('ca.pem'), agent: false, ...options }, (response) => {
        const shown = (response.socket as tls.TLSSocket).getPeerCertificate().subject.CN
        response.resume().on('end', () => resolve([response.statusCode, shown]))
      })
      .on('error', reject)
  })
}

describe('HTTPS', () => {
  test('works with PKCS12 files, with JKS files, with PEM files, and with PEM texts', async () => {
    const text = { 'ssl.keystore.key': read('alice.key'), 'ssl.keystore.certificate.chain': read('alice.pem') }
    expect(await get((await start(PKCS12)).url)).toEqual([200, 'broker'])
    expect(await get((await start(JKS)).url)).toEqual([200, 'broker'])
    expect(await get((await start({ 'ssl.keystore.location': pem('bob') })).url)).toEqual([200, 'bob'])
    expect(await get((await start(text)).url)).toEqual([200, 'alice'])
  })

  test('takes listeners.https.ssl.* instead of ssl.*, as a whole', async () => {
    const both = { ...PKCS12, 'listeners.https.ssl.keystore.location': pem('bob') }
    expect(await get((await start(both)).url)).toEqual([200, 'bob'])
  })

  test('is in force with new certificates when the files change; what cannot be used changes nothing', async () => {
    const store = pem('alice')
    const { url, server } = await start({ 'ssl.keystore.location': store })
    expect(await get(url)).toEqual([200, 'alice'])
    fs.writeFileSync(store, 'half a file')
    server.reloadCertificates()
    expect(await get(url)).toEqual([200, 'alice'])
    pem('bob')
    server.reloadCertificates()
    expect(await get(url)).toEqual([200, 'bob'])
  })

  test.each([
    ['PEM', { 'ssl.truststore.location': path.join(certs, 'ca.pem') }],
    ['PKCS12 by openssl', TRUSTING[0]!],
    ['PKCS12 by keytool', TRUSTING[1]!],
    ['JKS', TRUSTING[2]!],
  ])('asks for certificates of clients, required or only checked when shown; authorities from %s', async (_, trust) => {
    const alice = { cert: read('alice.pem'), key: read('alice.key') }
    const required = await start({ ...PKCS12, ...trust, 'ssl.client.auth': 'required' })
    expect(await get(required.url, alice)).toEqual([200, 'broker'])
    await expect(get(required.url)).rejects.toThrow()
    const requested = await start({ ...PKCS12, ...trust, 'ssl.client.auth': 'requested' })
    expect(await get(requested.url, alice)).toEqual([200, 'broker'])
    expect(await get(requested.url)).toEqual([200, 'broker'])
    const elsewhere = { ...PKCS12, 'ssl.truststore.location': path.join(certs, 'stranger.pem') }
    const stranger = await start({ ...elsewhere, 'ssl.client.auth': 'requested' })
    await expect(get(stranger.url, alice)).rejects.toThrow()
  })

  test('is in force with new authorities when a PKCS12 trust store changes', async () => {
    const store = path.join(folder, 'trust.p12')
    fs.writeFileSync(store, stores.java)
    const settings = { ...TRUSTING[0]!, 'ssl.truststore.location': store }
    const { url, server } = await start({ ...PKCS12, ...settings, 'ssl.client.auth': 'required' })
    const alice = { cert: read('alice.pem'), key: read('alice.key') }
    await expect(get(url, alice)).rejects.toThrow()
    fs.copyFileSync(TRUSTING[0]!['ssl.truststore.location'], store)
    server.reloadCertificates()
    expect(await get(url, alice)).toEqual([200, 'broker'])
  })

  test('speaks no version of TLS that is not enabled', async () => {
    const { url } = await start({ ...PKCS12, 'ssl.enabled.protocols': 'TLSv1.3' })
    expect(await get(url)).toEqual([200, 'broker'])
    await expect(get(url, { maxVersion: 'TLSv1.2' })).rejects.toThrow()
  })

  test.each([
    ['no key store', {}, /an https listener needs ssl.keystore.location/],
    ['a file that is not there', { 'ssl.keystore.location': '/nowhere' }, /ENOENT/],
    ['a wrong password', { ...PKCS12, 'ssl.keystore.password': 'x' }, /mac verify failure/],
    [
      'a wrong password of a trust store',
      { ...PKCS12, ...TRUSTING[0]!, 'ssl.truststore.password': 'x' },
      /password does not fit/,
    ],
  ])('%s is told of at start', async (_, settings, reason) => {
    await expect(start(settings)).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      cause: expect.objectContaining({ message: expect.stringMatching(reason) as unknown }) as unknown,
    })
  })

  test.each([
    ['a trust store that is too old', 'old.p12', stores.legacy, {}, /old\.p12 cannot be read: .*too weak/],
    [
      'half a JKS file',
      'half.jks',
      JKS_TRUST.subarray(0, -1),
      {},
      /half\.jks cannot be read: the password does not fit/,
    ],
    [
      'a JKS file without a certificate',
      'x.jks',
      NO_ENTRIES,
      { 'ssl.truststore.password': undefined },
      /no certificates/,
    ],
  ])('%s is told of, with its name', (_, name, bytes, more, reason) => {
    const store = path.join(folder, name)
    fs.writeFileSync(store, bytes)
    const given = { ...PKCS12, ...TRUSTING[0]!, 'ssl.truststore.location': store, ...more }
    const settings = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as RawSettings
    expect(() => new TlsFiles(sslSettingsOf(settings, 'listeners.https.')).serverOptions()).toThrow(
      expect.objectContaining({
        cause: expect.objectContaining({ message: expect.stringMatching(reason) as unknown }) as unknown,
      }),
    )
  })
})

describe('forwarding over HTTPS', () => {
  const trusting = { ...PKCS12, 'ssl.truststore.location': path.join(certs, 'ca.pem') }

  async function deleteBy(follower: RestRun, leader: RestRun): Promise<string> {
    follower.herder.deleteConnector = () => Promise.reject(new NotLeader('', `${leader.url}/`))
    return new Promise((resolve, reject) => {
      https
        .request(
          `${follower.url}/connectors/absent`,
          { method: 'DELETE', ca: read('ca.pem'), agent: false },
          (response) => {
            let text = ''
            response.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', () => resolve(text))
          },
        )
        .on('error', reject)
        .end()
    })
  }

  test('trusts the authorities of the settings, from PEM and from PKCS12, as they are at each request', async () => {
    const leader = await start(trusting)
    expect(await deleteBy(await start(trusting), leader)).toContain('Connector absent not found')
    const store = path.join(folder, 'trust.p12')
    fs.copyFileSync(TRUSTING[1]!['ssl.truststore.location'], store)
    const follower = await start({ ...PKCS12, ...TRUSTING[1]!, 'ssl.truststore.location': store })
    expect(await deleteBy(follower, leader)).toContain('Connector absent not found')
    fs.writeFileSync(store, stores.java)
    expect(await deleteBy(follower, leader)).toContain('IO Error trying to forward REST request')
  })

  test('trusts nobody else, nor another name unless names are not checked', async () => {
    const leader = await start(trusting)
    const untrusting = { ...PKCS12, 'ssl.truststore.location': path.join(certs, 'stranger.pem') }
    expect(await deleteBy(await start(untrusting), leader)).toContain('IO Error trying to forward REST request')
    const elsewhere = await start({ ...trusting, 'ssl.keystore.location': pem('elsewhere') })
    expect(await deleteBy(await start(trusting), elsewhere)).toContain('IO Error trying to forward REST request')
    const unchecked = await start({ ...trusting, 'ssl.endpoint.identification.algorithm': '' })
    expect(await deleteBy(unchecked, elsewhere)).toContain('Connector absent not found')
  })
})
