/** Bodies that no contract can draw: too large, too slow, cut off; and what is no HTTP at all. */
import http from 'node:http'
import net from 'node:net'

const ANSWER_MS = 30_000
const MIB = 1_048_576

/** One of these; 0: the connection was closed without an answer. */
export interface BadCase {
  readonly name: string
  readonly expected: readonly number[]
  /** It is time that it takes, and nothing else: it may be sent beside others. */
  readonly isSlow?: boolean
  readonly send: (url: string) => Promise<number>
}

const big = (bytes: number): Buffer => Buffer.from(JSON.stringify({ name: 'big', config: filled(bytes) }))
const filled = (bytes: number): Record<string, string> => ({
  'connector.class': 'FileStreamSource',
  topic: 'fuzz',
  file: '/nowhere',
  padding: 'y'.repeat(bytes),
})

export function badCases(bodyMs: number): readonly BadCase[] {
  const slowly = (path: string, method: string): ((url: string) => Promise<number>) => {
    return (url) => trickled(url, method, path, bodyMs + ANSWER_MS)
  }
  return [
    {
      name: 'a body of 10 MB to validate',
      expected: [200, 400],
      send: (url) =>
        sent(url, 'PUT', '/connector-plugins/FileStreamSource/config/validate', JSON.stringify(filled(10 * MIB))),
    },
    {
      // More than a record of Kafka may have: Connect answers 500 as well.
      name: 'a connector of 10 MB',
      expected: [400, 500],
      send: (url) => sent(url, 'POST', '/connectors', big(10 * MIB)),
    },
    {
      name: 'a body of 10 MB that is no JSON',
      expected: [500],
      send: (url) => sent(url, 'POST', '/connectors', Buffer.alloc(10 * MIB, '[')),
    },
    {
      name: 'a body of 10 MB where none is asked for',
      expected: [202, 404],
      send: (url) => sent(url, 'PUT', '/connectors/nobody/pause', Buffer.alloc(10 * MIB, 'x')),
    },
    { name: 'a body of 40 MB', expected: [413], send: (url) => sent(url, 'POST', '/connectors', big(40 * MIB)) },
    {
      name: 'a million settings',
      expected: [400],
      send: (url) => sent(url, 'PUT', '/connectors/many/config', JSON.stringify(manySettings(1_000_000))),
    },
    {
      name: 'a million positions',
      expected: [400, 404],
      send: (url) =>
        sent(url, 'PATCH', '/connectors/nobody/offsets', many('{"offsets":', '{"partition":{"p":1}}', '}')),
    },
    {
      name: 'a million task configs',
      expected: [400],
      send: (url) => sent(url, 'POST', '/connectors/nobody/tasks', many('', '{}', '')),
    },
    { name: 'a body that comes slowly (POST)', expected: [408], isSlow: true, send: slowly('/connectors', 'POST') },
    {
      name: 'a body that comes slowly (PUT)',
      expected: [408],
      isSlow: true,
      send: slowly('/connectors/a/config', 'PUT'),
    },
    { name: 'a body that breaks off', expected: [0], send: (url) => brokenOff(url) },
    { name: 'no HTTP', expected: [400], send: (url) => raw(url, 'hello\r\n\r\n') },
    { name: 'a method that nobody knows', expected: [400], send: (url) => raw(url, 'FETCH / HTTP/1.1\r\n\r\n') },
    { name: 'TLS where there is none', expected: [400], send: (url) => raw(url, '\u0016\u0003\u0001\u0002\u0000') },
    {
      name: 'headers of 100 KB',
      expected: [431],
      send: (url) => raw(url, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`),
    },
    {
      name: 'two lengths',
      expected: [400],
      send: (url) =>
        raw(url, 'POST /connectors HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}'),
    },
    {
      name: 'a length and chunks',
      expected: [400],
      send: (url) =>
        raw(
          url,
          'POST /connectors HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        ),
    },
    {
      name: 'chunks that are none',
      expected: [400],
      send: (url) =>
        raw(
          url,
          'POST /connectors HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n',
        ),
    },
  ]
}

function manySettings(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`s${i}`, '']))
}

function many(before: string, item: string, behind: string): string {
  return `${before}[${`${item},`.repeat(999_999)}${item}]${behind}`
}

async function sent(url: string, method: string, path: string, body: string | Buffer): Promise<number> {
  // Who wants the connection closed behind the answer may lose that to the close, while it still sends.
  const agent = new http.Agent({ keepAlive: true })
  try {
    return await asked(url, method, path, body, agent)
  } finally {
    agent.destroy()
  }
}

function asked(url: string, method: string, path: string, body: string | Buffer, agent: http.Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const request = http.request(url + path, { method, headers, agent, timeout: ANSWER_MS }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', reject)
    })
    request.on('timeout', () => request.destroy(new Error(`no answer within ${ANSWER_MS} ms`)))
    request.on('error', reject).end(body)
  })
}

/** A byte now and then of a body that is said to be long. */
function trickled(url: string, method: string, path: string, forMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': 1_000_000 }
    const request = http.request(url + path, { method, headers, agent: false })
    const timer = setInterval(() => request.write(' '), 200)
    const late = setTimeout(() => request.destroy(new Error(`no answer within ${forMs} ms`)), forMs)
    const over = (): void => {
      clearInterval(timer)
      clearTimeout(late)
    }
    request.on('response', (response) => {
      over()
      resolve(response.statusCode ?? 0)
      request.destroy()
    })
    request.on('error', (error) => {
      over()
      reject(error)
    })
    request.write('{')
  })
}

function brokenOff(url: string): Promise<number> {
  return raw(
    url,
    'POST /connectors HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"na',
    true,
  )
}

/** The status of the first answer to these bytes. */
function raw(url: string, bytes: string, isCutOff = false): Promise<number> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    let heard = ''
    const socket = net.connect(Number(port), hostname, () => {
      socket.write(Buffer.from(bytes, 'latin1'))
      if (isCutOff) socket.destroySoon()
    })
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error(`no answer within ${ANSWER_MS} ms`)))
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1')
      if (heard.includes('\r\n')) socket.destroy()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? undefined : reject(error)))
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(heard)?.[1] ?? 0)))
  })
}
