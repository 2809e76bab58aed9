/** What a Connect worker answers, without a cluster behind it: connectors are what was put, and run at once. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'

type Config = Record<string, string>

export interface Reply {
  readonly status: number
  readonly body?: unknown
  readonly type?: string
  /** No answer comes. */
  readonly hangs?: true
}

export interface FakeWorker {
  readonly url: string
  readonly connectors: Map<string, Config>
  /** States other than RUNNING. */
  readonly states: Map<string, string>
  /** Methods and paths, in their order. */
  readonly asked: readonly string[]
  close(): Promise<void>
}

export interface FakeWorkerOptions {
  /** What is answered instead; undefined: as a worker. */
  readonly instead?: (request: string, times: number) => Reply | undefined
  /** Settings of plugins, by class: name to type. */
  readonly plugins?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export async function fakeWorker({ instead, plugins = {} }: FakeWorkerOptions = {}): Promise<FakeWorker> {
  const connectors = new Map<string, Config>()
  const states = new Map<string, string>()
  const asked: string[] = []

  function answer(method: string, url: URL, body: string): Reply {
    const [, first, name = '', what = '', ...rest] = url.pathname.split('/').map(decodeURIComponent)
    if (first === 'connector-plugins') {
      if (what === 'config' && rest[0] === 'validate')
        return { status: 200, body: { name, error_count: 0, configs: [] } }
      const settings = plugins[name]
      if (settings === undefined) return missing(`Unknown plugin ${name}`)
      return { status: 200, body: Object.entries(settings).map(([name, type]) => ({ name, type })) }
    }
    if (name === '') {
      const expand = url.searchParams.getAll('expand')
      const all = [...connectors.keys()]
      if (expand.length === 0) return { status: 200, body: all }
      return {
        status: 200,
        body: Object.fromEntries(all.map((each) => [each, { status: status(each), info: info(each) }])),
      }
    }
    if (method === 'PUT' && what === 'config') {
      connectors.set(name, JSON.parse(body) as Config)
      return { status: 200, body: info(name) }
    }
    if (!connectors.has(name)) return missing(`Connector ${name} not found`)
    if (method === 'DELETE') {
      connectors.delete(name)
      return { status: 204 }
    }
    if (what === 'config') return { status: 200, body: connectors.get(name) }
    return { status: 200, body: what === 'status' ? status(name) : info(name) }
  }
  const info = (name: string) => ({ name, config: connectors.get(name), tasks: [], type: 'source' })
  const status = (name: string) => {
    const work = { state: states.get(name) ?? 'RUNNING', worker_id: 'w:1' }
    return { name, type: 'source', connector: work, tasks: [{ id: 0, ...work }] }
  }

  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const what = `${request.method} ${request.url}`
      asked.push(what)
      const times = asked.filter((each) => each === what).length
      const url = new URL(request.url!, 'http://x')
      const reply = instead?.(what, times) ?? answer(request.method!, url, Buffer.concat(chunks).toString())
      if (reply.hangs) return
      const isText = typeof reply.body === 'string'
      response.writeHead(reply.status, { 'content-type': reply.type ?? 'application/json' })
      response.end(reply.body === undefined ? '' : isText ? reply.body : JSON.stringify(reply.body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connectors,
    states,
    asked,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function missing(message: string): Reply {
  return { status: 404, body: { error_code: 404, message } }
}
