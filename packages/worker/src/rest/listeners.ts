/** `listeners` and what of them is told to other workers. */
import os from 'node:os'
import type { RestSettings } from './rest-settings.ts'

export interface Listener {
  readonly scheme: 'http' | 'https'
  /** '' for all interfaces. */
  readonly host: string
  readonly port: number
}

/** `http://host:port`, `https://[::1]:8443`, `http://:8083`. @throws Error that says what is wrong */
export function parseListener(url: string): Listener {
  const [, scheme, bracketed, plain, digits] = /^(\w+):\/\/(?:\[([^\]]*)\]|([^:/]*)):(\d+)\/?$/.exec(url.trim()) ?? []
  const protocol = scheme?.toLowerCase()
  const port = Number(digits)
  if ((protocol !== 'http' && protocol !== 'https') || port > 65_535)
    throw new Error('Listener must be http://host:port or https://host:port')
  return { scheme: protocol, host: bracketed ?? plain ?? '', port }
}

/** The URL of this worker for others, ending with a slash: the leader's is used for forwarding as it is. */
export function advertisedUrl(settings: RestSettings, bound: readonly Listener[]): string {
  const wanted = settings['rest.advertised.listener']?.toLowerCase()
  const scheme =
    wanted ?? (bound.some((listener) => listener.scheme === 'http') || bound.length === 0 ? 'http' : 'https')
  const listener = bound.find((one) => one.scheme === scheme)
  const host = settings['rest.advertised.host.name'] || reachable(listener?.host ?? '')
  const port = settings['rest.advertised.port'] ?? listener?.port
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}/`
}

/** `host:port` of an advertised URL: how statuses name a worker. */
export function workerIdOf(advertised: string): string {
  return advertised.replace(/^\w+:\/\//, '').replace(/\/$/, '')
}

function reachable(host: string): string {
  if (host !== '' && host !== '0.0.0.0' && host !== '::') return host
  const outside = Object.values(os.networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)
  return outside?.address ?? '127.0.0.1'
}
