import net from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { SluiceError } from '@sluice/sdk'
import { type Attempt, dialEach, dialPlain } from '../../src/wire/dial.ts'

let server: net.Server
let port: number
let tried: string[]
let attempt: Attempt
beforeEach(async () => {
  server = net.createServer((socket) => socket.on('error', () => undefined))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as net.AddressInfo).port
  tried = []
  attempt = {
    readyOn: 'connect',
    open: (host) => {
      tried.push(host)
      return net.connect({ host, port })
    },
  }
})
afterEach(() => new Promise((resolve) => server.close(resolve)))

test('every address of a name is tried, in order, until one answers', async () => {
  const socket = await dialEach({ host: 'kafka', port }, 1000, attempt, async () => [
    '127.0.0.2',
    '127.0.0.1',
    '127.0.0.3',
  ])
  expect(tried).toEqual(['127.0.0.2', '127.0.0.1'])
  expect(socket.remoteAddress).toBe('127.0.0.1')
  socket.destroy()
})

test('an address that swallows everything leaves time for the others', async () => {
  const silent: Attempt = {
    ...attempt,
    open: (host) => (host === '127.0.0.9' ? new net.Socket() : attempt.open(host)),
  }
  const socket = await dialEach({ host: 'kafka', port }, 200, silent, async () => ['127.0.0.9', '127.0.0.1'])
  expect(socket.remoteAddress).toBe('127.0.0.1')
  socket.destroy()
})

test('when none answers the error names the host, and why the last one did not', async () => {
  const dialled = dialEach({ host: 'kafka', port }, 1000, attempt, async () => ['127.0.0.2', '127.0.0.3'])
  await expect(dialled).rejects.toMatchObject({
    code: 'KAFKA_UNREACHABLE',
    retriable: true,
    message: `Cannot connect to the broker at kafka:${port}`,
    cause: { code: 'ECONNREFUSED' },
  })
})

test('a failure that would be the same everywhere ends the attempts', async () => {
  const fault = new SluiceError('KAFKA_AUTHENTICATION', 'wrong certificate')
  const dialled = dialEach({ host: 'kafka', port }, 1000, { ...attempt, fault: () => fault }, async () => [
    '127.0.0.2',
    '127.0.0.1',
  ])
  await expect(dialled).rejects.toBe(fault)
  expect(tried).toEqual(['127.0.0.2'])
})

test('a name that does not exist is unreachable', async () => {
  await expect(dialEach({ host: 'nowhere.invalid', port }, 5000, attempt)).rejects.toMatchObject({
    code: 'KAFKA_UNREACHABLE',
    retriable: true,
  })
  expect(tried).toEqual([])
})

test('who reads little holds a small buffer, and who reads much a large one, with every byte in its place', async () => {
  const sent = Buffer.from(Array.from({ length: 1_000_003 }, (_, i) => i % 251))
  server.on('connection', (socket) => socket.end(sent))
  const chunks: Buffer[] = []
  const buffers: number[] = []
  const socket = await dialPlain({ host: '127.0.0.1', port }, 30_000, (bytes, count) => {
    chunks.push(Buffer.from(bytes.subarray(0, count)))
    buffers.push(bytes.length)
  })
  await new Promise((resolve) => socket.once('close', resolve))
  expect(Buffer.concat(chunks).equals(sent)).toBe(true)
  expect([buffers[0], buffers.at(-1)]).toEqual([16_384, 262_144])
})
