import { describe, expect, test } from '@jest/globals'
import { silentLogger, systemClock, type RawSettings } from '@sluice/sdk'
import { advertisedUrl, parseListener, workerIdOf } from '../../src/rest/listeners.ts'
import { RestServer } from '../../src/rest/rest-server.ts'
import { restSettings } from '../../src/rest/rest-settings.ts'
import { startRest } from '../support/rest-run.ts'

function advertised(raw: RawSettings): string {
  const settings = restSettings.parse(raw)
  return advertisedUrl(settings, settings.listeners.map(parseListener))
}

describe('listeners', () => {
  test('are http or https, with a host or for all interfaces', () => {
    expect(parseListener('http://:8083')).toEqual({ scheme: 'http', host: '', port: 8083 })
    expect(parseListener('HTTPS://[::1]:8443')).toEqual({ scheme: 'https', host: '::1', port: 8443 })
    expect(restSettings.parse({}).listeners).toEqual(['http://:8083'])
    for (const listener of ['ftp://x:1', 'http://x', 'x:8083', 'http://x:99999'])
      expect(() => restSettings.parse({ listeners: listener })).toThrow(/Listener must be http:\/\/host:port/)
  })

  test('several are served at once, and a port that is taken is told of by its URL', async () => {
    const { server } = await startRest({ listeners: 'http://127.0.0.1:0,http://127.0.0.1:0' })
    const urls = server.urls()
    expect(new Set(urls).size).toBe(2)
    for (const url of urls) expect((await fetch(url)).status).toBe(200)
    const port = new URL(urls[0] ?? '').port
    await expect(startRest({ listeners: `http://127.0.0.1:0,http://127.0.0.1:${port}` })).rejects.toThrow(
      `REST cannot listen to http://127.0.0.1:${port}`,
    )
    await server.stop()
  })

  test('before there is a herder the worker says that it starts', async () => {
    const parts = { logger: silentLogger, clock: systemClock, version: '', commit: '', metrics: () => '' }
    const server = new RestServer({ ...parts, settings: { listeners: 'http://127.0.0.1:0' } })
    await server.listen()
    const [url = ''] = server.urls()
    const early = await fetch(`${url}/connectors`)
    expect([early.status, await early.json()]).toEqual([
      503,
      { error_code: 503, message: 'Worker is still starting up.' },
    ])
    expect((await fetch(`${url}/health/live`)).status).toBe(200)
    await server.stop()
  })
})

describe('what is advertised', () => {
  test.each([
    [{ listeners: 'http://worker-1:8083' }, 'http://worker-1:8083/'],
    [{ listeners: 'https://a:8443,http://b:8083' }, 'http://b:8083/'],
    [{ listeners: 'https://a:8443,http://b:8083', 'rest.advertised.listener': 'HTTPS' }, 'https://a:8443/'],
    [{ listeners: 'https://a:8443' }, 'https://a:8443/'],
    [{ listeners: 'http://[::1]:8083' }, 'http://[::1]:8083/'],
    [
      { listeners: 'http://0.0.0.0:8083', 'rest.advertised.host.name': 'out', 'rest.advertised.port': '80' },
      'http://out:80/',
    ],
  ] as const)('%j is %s', (raw, url) => {
    expect(advertised(raw)).toBe(url)
  })

  test('all interfaces become an address, and the worker’s id keeps its port', () => {
    expect(advertised({ listeners: 'http://:8083' })).toMatch(/^http:\/\/\d+\.\d+\.\d+\.\d+:8083\/$/)
    expect(workerIdOf('http://out:8083/')).toBe('out:8083')
    expect(workerIdOf('http://out:80/')).toBe('out:80')
    expect(workerIdOf('https://out:443/')).toBe('out:443')
    expect(workerIdOf('http://[::1]:8083/')).toBe('[::1]:8083')
  })
})
