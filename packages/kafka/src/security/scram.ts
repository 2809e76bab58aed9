import {
  SCRAM_ITERATIONS_MIN,
  authMessage,
  clientFinal,
  clientFinalWithoutProof,
  clientFirst,
  clientProof,
  isServerSignature,
  parseServerFinal,
  parseServerFirst,
  saltedPassword,
  scramNonce,
  serverKeyOf,
  serverSignature,
} from '@sluice/kafka-protocol'
import { SluiceError } from '@sluice/sdk'
import { reveal } from './plain.ts'
import type { Mechanism } from './sasl-authenticator.ts'
import type { ScramConfig } from './security-config.ts'

/** A server that asks for more would keep a core busy for seconds; Kafka allows 16,384. */
const ITERATIONS_MAX = 1_000_000

/**
 * SCRAM (RFC 5802): the password itself is never sent, and the broker has to prove that it knows what belongs to it. A server
 * that cannot, repeats our nonce, or asks for fewer iterations than Kafka allows is not talked to.
 */
export function scram({ mechanism, username, password, isDelegationToken }: ScramConfig): Mechanism {
  return {
    name: mechanism,
    async authenticate(_, exchange) {
      const ownNonce = scramNonce()
      const begin = clientFirst(username, ownNonce, isDelegationToken === true ? { tokenauth: 'true' } : {})
      const first = text(await exchange(Buffer.from(begin.message)))
      const { nonce, salt, iterations } = parseServerFirst(first)
      if (!nonce.startsWith(ownNonce) || nonce.length === ownNonce.length) {
        throw untrue('its nonce does not continue ours')
      }
      if (iterations < SCRAM_ITERATIONS_MIN || iterations > ITERATIONS_MAX) {
        throw untrue(`it asks for ${iterations} iterations; ${SCRAM_ITERATIONS_MIN} to ${ITERATIONS_MAX} are accepted`)
      }
      const salted = await saltedPassword(mechanism, await reveal(password), salt, iterations)
      const withoutProof = clientFinalWithoutProof(nonce)
      const signed = authMessage(begin.bare, first, withoutProof)
      const final = clientFinal(withoutProof, clientProof(mechanism, salted, signed))
      const outcome = parseServerFinal(text(await exchange(Buffer.from(final))))
      if ('error' in outcome) throw untrue(`it ended with the error ${outcome.error}`)
      if (!isServerSignature(serverSignature(mechanism, serverKeyOf(mechanism, salted), signed), outcome.signature)) {
        throw untrue('its signature is wrong, so it does not know the password of this user')
      }
    },
  }
}

function text(bytes: Buffer): string {
  return bytes.toString()
}

function untrue(why: string): SluiceError {
  return new SluiceError('KAFKA_AUTHENTICATION', `The server did not prove what it is: ${why}`, {
    remedy: 'Find out what answers at this address: it may not be your broker.',
  })
}
