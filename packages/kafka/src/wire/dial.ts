import net from 'node:net'
import { RetriableError } from '@sluice/sdk'

export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

/** Takes what has arrived: the first `count` bytes of a buffer that is used again afterwards. */
export type OnBytes = (bytes: Uint8Array, count: number) => void

/**
 * Opens a byte stream to a broker. Rejects with a retriable error when the broker cannot be reached in time. The socket it
 * resolves to emits `close` exactly once, whatever ends it. Security protocols are dials of their own.
 */
export type Dial = (address: BrokerAddress, timeoutMs: number, onBytes: OnBytes) => Promise<net.Socket>

const READ_BUFFER_BYTES = 256 * 1024

/** Plain TCP. Bytes are read into one buffer per connection (`onread`), so nothing is allocated per chunk. */
export const dialPlain: Dial = (address, timeoutMs, onBytes) =>
  new Promise((resolve, reject) => {
    const socket = net.connect({
      ...address,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES),
        callback: (count, bytes) => {
          onBytes(bytes, count)
          return true
        },
      },
    })
    const fail = (cause: unknown): void => {
      clearTimeout(timer)
      socket.destroy()
      reject(unreachable(address, cause))
    }
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs)
    socket.once('error', fail)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', fail)
      resolve(socket)
    })
  })

/** `host:port`, with brackets around an IPv6 address. */
export function addressText(address: BrokerAddress): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

function unreachable(address: BrokerAddress, cause: unknown): RetriableError {
  return new RetriableError('KAFKA_UNREACHABLE', `Cannot connect to the broker at ${addressText(address)}`, {
    cause,
    remedy: 'Check that the broker runs, and that the address it advertises can be reached from here.',
  })
}
