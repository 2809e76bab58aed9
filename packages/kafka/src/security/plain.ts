import type { Mechanism } from './sasl-authenticator.ts'
import type { PlainConfig, Secret } from './security-config.ts'

/** SASL PLAIN (RFC 4616): user and password as they are, so only over TLS. */
export function plain({ username, password }: PlainConfig): Mechanism {
  return {
    name: 'PLAIN',
    async authenticate(_, exchange) {
      await exchange(Buffer.from(`\0${username}\0${await reveal(password)}`))
    },
  }
}

export async function reveal(secret: Secret): Promise<string> {
  return typeof secret === 'string' ? secret : secret()
}
