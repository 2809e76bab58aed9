import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type Logger, type SluiceError, describeError, silentLogger, systemClock } from '@sluice/sdk'
import { resolveSecurity } from '../../src/security/security.ts'
import type { SecurityConfig, SslConfig } from '../../src/security/security-config.ts'
import { tlsFault } from '../../src/security/tls-faults.ts'
import { Connection } from '../../src/wire/connection.ts'
import { SaslServer, type SaslServerOptions } from '../fake/sasl-server.ts'

/** Made by deploy/dev/certs.sh: good for a hundred years, on loopback, and for nothing. */
const CERTS = path.join(import.meta.dirname, 'certs')
const file = (name: string): string => path.join(CERTS, name)
const pem = (name: string): string => fs.readFileSync(file(name), 'utf8')
const METADATA = { topics: [], allowAutoTopicCreation: false }

let folder: string
let server: SaslServer | undefined
let connections: Connection[]
let warnings: string[]
let logger: Logger
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-tls-'))
  connections = []
  warnings = []
  logger = {
    ...silentLogger,
    warn: (message, fields) => void warnings.push(`${message}: ${String(fields?.['error'])}`),
  }
})
afterEach(async () => {
  for (const connection of connections) connection.close()
  await server?.stop()
  server = undefined
  fs.rmSync(folder, { recursive: true })
})

async function listen(certificate = 'broker', options: SaslServerOptions['tls'] = {}): Promise<void> {
  const tls = { cert: pem(`${certificate}.pem`), key: pem(`${certificate}.key`), ca: pem('ca.pem'), ...options }
  server = await SaslServer.listen({ tls })
}

/** Opens connections to the server, all with the same settings. */
function opener(
  config: SecurityConfig,
  host = '127.0.0.1',
  port = server!.port,
  connectTimeoutMs = 30_000,
): () => Promise<Connection> {
  const security = resolveSecurity(config, logger)
  const options = { clientId: 'test', connectTimeoutMs, requestTimeoutMs: 30_000, clock: systemClock, ...security }
  return async () => {
    const connection = await Connection.open('broker 1', { host, port }, options)
    connections.push(connection)
    return connection
  }
}
const clusterId = async (ssl: SslConfig, host?: string): Promise<string | null> =>
  (await (await opener({ ssl }, host)()).send('Metadata', 12, METADATA)).clusterId
const refusal = (work: Promise<unknown>): Promise<SluiceError> =>
  work.then(
    () => Promise.reject(new Error('was not refused')),
    (error: SluiceError) => error,
  )

describe('the certificate of a broker', () => {
  test('is accepted when its authority is named, as a file or as text, and the host is in it', async () => {
    await listen()
    expect(await clusterId({ ca: file('ca.pem') })).toBe('sasl')
    expect(await clusterId({ ca: [pem('stranger.pem'), pem('ca.pem')] }, 'localhost')).toBe('sasl')
  })

  test('is refused when nobody trusted has signed it', async () => {
    await listen()
    for (const ssl of [true, { ca: file('stranger.pem') }]) {
      const error = await refusal(opener({ ssl })())
      expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', retriable: false })
      expect(error.message).toContain('not signed by an authority that is trusted here')
      expect(error.remedy).toContain('ssl.ca')
    }
  })

  test('is refused for another host, unless that name is expected or names do not matter', async () => {
    await listen('elsewhere')
    const ca = file('ca.pem')
    const error = await refusal(opener({ ssl: { ca } })())
    expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', retriable: false })
    expect(error.message).toContain('its certificate is for another name')
    expect(await clusterId({ ca, serverName: 'elsewhere.invalid' })).toBe('sasl')
    expect(await clusterId({ ca, endpointIdentification: false })).toBe('sasl')
  })

  test('is not looked at if told so', async () => {
    await listen('elsewhere')
    expect(await clusterId({ rejectUnauthorized: false })).toBe('sasl')
  })
})

describe('a listener that asks for a client certificate', () => {
  const ca = file('ca.pem')
  const asks = { requestCert: true, rejectUnauthorized: true }

  test('takes one that it trusts', async () => {
    await listen('broker', asks)
    expect(await clusterId({ ca, cert: file('alice.pem'), key: file('alice.key') })).toBe('sasl')
    expect(server!.subjects).toEqual(['alice'])
  })

  test('refuses whoever has none, with a sentence that says so', async () => {
    await listen('broker', asks)
    const error = await refusal(opener({ ssl: { ca } })())
    expect(error).toMatchObject({
      code: 'KAFKA_AUTHENTICATION',
      retriable: false,
      remedy: 'Give ssl.cert and ssl.key.',
    })
    expect(error.message).toContain('asks for a certificate of this client, and none is given')
  })

  test.each([
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', true, 'does not accept the certificate of this client'],
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', true, 'does not accept the certificate of this client'],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', false, 'none is given'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', false, 'none is given'],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', false, 'no version or cipher of TLS in common'],
  ])('the alert %s (certificate given: %s): %s', (code, hasCertificate, meaning) => {
    const cause = Object.assign(new Error('alert'), { code })
    const error = tlsFault(cause, { host: 'kafka', port: 9093 }, hasCertificate)
    expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', retriable: false })
    expect(error!.message).toContain(meaning)
  })

  test('and whose connection ends otherwise may be tried again', () => {
    expect(
      tlsFault(Object.assign(new Error('reset'), { code: 'ECONNRESET' }), { host: 'k', port: 1 }, true),
    ).toBeUndefined()
    expect(tlsFault(undefined, { host: 'k', port: 1 }, true)).toBeUndefined()
  })
})

describe('files that change', () => {
  const put = (name: string, source: string): void => fs.copyFileSync(file(source), path.join(folder, name))
  const ssl = (): SslConfig => ({
    ca: file('ca.pem'),
    cert: path.join(folder, 'me.pem'),
    key: path.join(folder, 'me.key'),
  })

  test('are used by the next connection; those that are open stay', async () => {
    await listen('broker', { requestCert: true, rejectUnauthorized: true })
    put('me.pem', 'alice.pem')
    put('me.key', 'alice.key')
    const open = opener({ ssl: ssl() })
    const first = await open()
    put('me.pem', 'bob.pem')
    put('me.key', 'bob.key')
    const second = await open()
    expect(server!.subjects).toEqual(['alice', 'bob'])
    for (const one of [first, second]) expect((await one.send('Metadata', 12, METADATA)).clusterId).toBe('sasl')
    expect(warnings).toEqual([])
  })

  test('but cannot be used leave the former ones in force, and are warned about once', async () => {
    await listen('broker', { requestCert: true, rejectUnauthorized: true })
    put('me.pem', 'alice.pem')
    put('me.key', 'alice.key')
    const open = opener({ ssl: ssl() })
    await open()
    put('me.pem', 'bob.pem')
    await open()
    await open()
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/former ones stay in force: .*mismatch/)
    fs.rmSync(path.join(folder, 'me.pem'))
    await open()
    expect(warnings).toHaveLength(2)
    put('me.pem', 'bob.pem')
    put('me.key', 'bob.key')
    await open()
    expect(server!.subjects).toEqual(['alice', 'alice', 'alice', 'alice', 'bob'])
  })

  test('that never could be used are an error of the settings', async () => {
    await listen()
    put('me.pem', 'alice.pem')
    put('me.key', 'bob.key')
    expect(await refusal(opener({ ssl: ssl() })())).toMatchObject({ code: 'SETTINGS_INVALID' })
    const missing = await refusal(opener({ ssl: { ca: path.join(folder, 'nowhere.pem') } })())
    expect(missing.code).toBe('SETTINGS_INVALID')
    expect(describeError(missing)).toContain('nowhere.pem')
  })
})

describe('the wrong kind of listener', () => {
  test('plaintext to a TLS port', async () => {
    await listen()
    const error = await refusal(opener({})())
    const text = describeError(error)
    if (error.code === 'KAFKA_PROTOCOL') expect(text).toContain('The peer answers in TLS')
    else expect(text).toContain('Check that the security protocol fits this listener')
  })

  test('TLS to a port that answers something else', async () => {
    const other = net.createServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    )
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const error = await refusal(opener({ ssl: true }, '127.0.0.1', (other.address() as net.AddressInfo).port)())
    expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', retriable: false })
    expect(error.message).toContain('it does not speak TLS')
    await new Promise((resolve) => other.close(resolve))
  })

  test('TLS to a port that hangs up', async () => {
    const other = net.createServer((socket) => socket.on('error', () => undefined).once('data', () => socket.destroy()))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const error = await refusal(opener({ ssl: true }, '127.0.0.1', (other.address() as net.AddressInfo).port)())
    expect(error).toMatchObject({ code: 'KAFKA_UNREACHABLE', retriable: true })
    expect(error.message).toContain('hung up on the greeting of TLS')
    await new Promise((resolve) => other.close(resolve))
  })

  test('TLS to a port that says nothing does not hang', async () => {
    const sockets: net.Socket[] = []
    const other = net.createServer((socket) => void sockets.push(socket.on('error', () => undefined)))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const error = await refusal(opener({ ssl: true }, '127.0.0.1', (other.address() as net.AddressInfo).port, 100)())
    expect(error).toMatchObject({ code: 'KAFKA_UNREACHABLE', retriable: true })
    expect(describeError(error)).toMatch(/no answer within \d+ ms/)
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => other.close(resolve))
  })
})
