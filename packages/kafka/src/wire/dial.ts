import dns from 'node:dns/promises'
import type { LookupAddress } from 'node:dns'
import net from 'node:net'
import { RetriableError, SluiceError } from '@sluice/sdk'

export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

/** Takes what has arrived: the first `count` bytes of a buffer that is used again afterwards. */
export type OnBytes = (bytes: Uint8Array, count: number) => void

/**
 * Opens a byte stream to a broker. Rejects with a retriable error when the broker cannot be reached in time. The socket it
 * resolves to emits `close` exactly once, whatever ends it. Security protocols are dials of their own. When the signal is
 * aborted, it rejects at once with the signal's reason.
 */
export type Dial = (
  address: BrokerAddress,
  timeoutMs: number,
  onBytes: OnBytes,
  signal?: AbortSignal,
) => Promise<net.Socket>

/** Enough for answers to whoever only writes, of whom a process may have hundreds … */
const READ_BUFFER_BYTES = 16 * 1024
/** … and where one is filled, whoever reads gets more at a time from then on. */
const READ_BUFFER_MAX_BYTES = 256 * 1024

/** Plain TCP. Bytes are read into one buffer per connection (`onread`), so nothing is allocated per chunk. */
export const dialPlain: Dial = (address, timeoutMs, onBytes, signal) =>
  dialEach(address, timeoutMs, {
    signal,
    readyOn: 'connect',
    open: (host) => net.connect({ host, port: address.port, noDelay: true, onread: readIntoGrowing(onBytes) }),
  })

/** How one attempt at one address is made. */
export interface Attempt {
  /** Ends it. */
  readonly signal?: AbortSignal | undefined
  /** Begins to connect to an IP address. */
  open(host: string): net.Socket
  /** The event after which the socket may be written to. */
  readonly readyOn: 'connect' | 'secureConnect'
  /** The error for a failure that would be the same at every address. */
  fault?(cause: unknown): SluiceError | undefined
}

/** Tries each address that the host's name stands for, in the resolver's order (`client.dns.lookup`: use_all_dns_ips). */
export async function dialEach(
  address: BrokerAddress,
  timeoutMs: number,
  attempt: Attempt,
  resolve: (host: string, timeoutMs: number, signal?: AbortSignal) => Promise<readonly string[]> = addressesOf,
): Promise<net.Socket> {
  const { signal } = attempt
  const until = performance.now() + timeoutMs
  let last: unknown
  try {
    const hosts = await resolve(address.host, timeoutMs, signal)
    for (const [i, host] of hosts.entries()) {
      // An address that swallows packets must leave time for those behind it.
      const shareMs = Math.max(1, (until - performance.now()) / (hosts.length - i))
      try {
        return await ready(attempt.open(host), attempt.readyOn, shareMs, signal)
      } catch (cause) {
        signal?.throwIfAborted()
        const fault = attempt.fault?.(cause)
        if (fault !== undefined) throw fault
        last = cause
      }
    }
  } catch (cause) {
    if (cause instanceof SluiceError) throw cause
    last = cause
  }
  throw unreachable(address, last)
}

/** `onread` of a socket: one buffer, used again for every chunk. */
export function readInto(bytes: number, onBytes: OnBytes): net.OnReadOpts {
  return {
    buffer: Buffer.allocUnsafeSlow(bytes),
    callback: (count, buffer) => {
      onBytes(buffer, count)
      return true
    },
  }
}

function readIntoGrowing(onBytes: OnBytes): net.OnReadOpts {
  let buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)
  return {
    buffer: () => buffer,
    callback: (count, read) => {
      onBytes(read, count)
      if (count === buffer.length && count < READ_BUFFER_MAX_BYTES)
        buffer = Buffer.allocUnsafeSlow(READ_BUFFER_MAX_BYTES)
      return true
    },
  }
}

/** `host:port`, with brackets around an IPv6 address. */
export function addressText(address: BrokerAddress): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

async function ready(
  socket: net.Socket,
  event: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<net.Socket> {
  try {
    return await withinTime(timeoutMs, `no answer within ${Math.round(timeoutMs)} ms`, signal, (resolve, reject) => {
      socket.once('error', reject)
      socket.once(event, () => {
        socket.off('error', reject)
        resolve(socket)
      })
    })
  } catch (cause) {
    socket.destroy()
    throw cause
  }
}

async function addressesOf(host: string, timeoutMs: number, signal?: AbortSignal): Promise<string[]> {
  if (net.isIP(host) !== 0) return [host]
  const late = `the name was not resolved within ${timeoutMs} ms`
  const found = await withinTime<LookupAddress[]>(timeoutMs, late, signal, (resolve, reject) => {
    dns.lookup(host, { all: true, order: 'verbatim' }).then(resolve, reject)
  })
  return [...new Set(found.map(({ address }) => address))]
}

/** Rejects when the time is over, and when the signal is aborted. */
function withinTime<T>(
  timeoutMs: number,
  late: string,
  signal: AbortSignal | undefined,
  work: (resolve: (value: T) => void, reject: (cause: unknown) => void) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const giveUp = (): void => fail(signal?.reason)
    const timer = setTimeout(() => fail(new Error(late)), timeoutMs)
    const ended = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', giveUp)
    }
    function fail(cause: unknown): void {
      ended()
      reject(cause)
    }
    if (signal?.aborted === true) return giveUp()
    signal?.addEventListener('abort', giveUp, { once: true })
    work((value) => {
      ended()
      resolve(value)
    }, fail)
  })
}

function unreachable(address: BrokerAddress, cause: unknown): RetriableError {
  return new RetriableError('KAFKA_UNREACHABLE', `Cannot connect to the broker at ${addressText(address)}`, {
    cause,
    remedy: 'Check that the broker runs, and that the address it advertises can be reached from here.',
  })
}
