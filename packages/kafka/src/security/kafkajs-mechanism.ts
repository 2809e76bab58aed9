import type { LogFields, Logger } from '@sluice/sdk'
import type { Mechanism } from './sasl-authenticator.ts'
import type { CustomMechanism, KafkajsLogger } from './security-config.ts'

/** A mechanism written for kafkajs 2: what it sends and what it gets has its length in front. */
export function kafkajsMechanism({ mechanism, authenticationProvider }: CustomMechanism, logger: Logger): Mechanism {
  const theirLogger = loggerFor(logger)
  return {
    name: mechanism.toUpperCase(),
    async authenticate({ host, port }, exchange) {
      const authenticator = authenticationProvider({
        host,
        port,
        logger: theirLogger,
        saslAuthenticate: async ({ request, response }) => {
          const answer = await exchange(withoutLength(await request.encode()))
          if (response === undefined) return undefined
          return response.parse((await response.decode(withLength(answer))) as never)
        },
      })
      await authenticator.authenticate()
    },
  }
}

function withoutLength(bytes: Buffer): Buffer {
  return bytes.length >= 4 && bytes.readInt32BE(0) === bytes.length - 4 ? bytes.subarray(4) : bytes
}

function withLength(bytes: Buffer): Buffer {
  const whole = Buffer.alloc(4 + bytes.length)
  whole.writeInt32BE(bytes.length)
  bytes.copy(whole, 4)
  return whole
}

function loggerFor(logger: Logger): KafkajsLogger {
  const fields = (extra: object = {}): LogFields =>
    Object.fromEntries(Object.entries(extra).map(([key, value]) => [key, String(value)]))
  return {
    info: (message, extra) => logger.info(message, fields(extra)),
    error: (message, extra) => logger.error(message, fields(extra)),
    warn: (message, extra) => logger.warn(message, fields(extra)),
    debug: (message, extra) => logger.debug(message, fields(extra)),
    namespace: (name) => loggerFor(logger.child({ namespace: name })),
    setLogLevel: () => undefined,
  }
}
