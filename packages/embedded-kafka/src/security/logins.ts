import {
  SCRAM_ITERATIONS_MIN,
  type ScramCredential,
  type ScramMechanism,
  saltedPassword,
  scramCredential,
} from '@sluice/kafka-protocol'
import { randomBytes } from 'node:crypto'
import type { BrokerClock } from '../clock.ts'
import { BrokerStartError } from '../start-error.ts'
import { Login, type LoginTerms } from './login.ts'
import { type Conversation, plainConversation, scramConversation } from './mechanisms.ts'
import type { ScramUsers } from './scram-users.ts'
import type { SaslMechanism, SaslOptions } from './security-options.ts'

export const SASL_MECHANISMS: readonly SaslMechanism[] = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']
const SALT_BYTES = 24

/** Who can log in to the listener, and how. */
export class Logins implements LoginTerms {
  readonly clock: BrokerClock
  readonly mechanisms: readonly SaslMechanism[]
  readonly #passwords: ReadonlyMap<string, string>
  readonly #users: ScramUsers
  readonly #sessionMs: () => number
  /** Derived from the passwords that were given, when first asked for: it takes milliseconds of a core. */
  readonly #derived = new Map<string, Promise<ScramCredential>>()

  /** @throws BrokerStartError for a mechanism that there is not */
  constructor(options: SaslOptions, users: ScramUsers, clock: BrokerClock, sessionMs: () => number) {
    const { mechanisms = SASL_MECHANISMS } = options
    const unknown = mechanisms.find((mechanism) => !SASL_MECHANISMS.includes(mechanism))
    if (unknown !== undefined) {
      throw new BrokerStartError(
        `The embedded broker has no SASL mechanism ${unknown}.`,
        `Choose from ${SASL_MECHANISMS.join(', ')}.`,
      )
    }
    this.mechanisms = mechanisms
    this.clock = clock
    this.#passwords = new Map(Object.entries(options.users ?? {}))
    this.#users = users
    this.#sessionMs = sessionMs
  }

  begin(): Login {
    return new Login(this)
  }

  sessionMs(): number {
    return this.#sessionMs()
  }

  converse(mechanism: string): Conversation {
    if (mechanism === 'PLAIN') return plainConversation((user) => this.#passwords.get(user))
    const scram = mechanism as ScramMechanism
    return scramConversation(scram, (user) => this.#credential(user, scram))
  }

  #credential(user: string, mechanism: ScramMechanism): ScramCredential | undefined | Promise<ScramCredential> {
    const made = this.#users.credential(user, mechanism)
    if (made !== undefined) return made
    const password = this.#passwords.get(user)
    if (password === undefined) return undefined
    const key = `${mechanism} ${user}`
    const known = this.#derived.get(key) ?? derive(mechanism, password)
    this.#derived.set(key, known)
    return known
  }
}

async function derive(mechanism: ScramMechanism, password: string): Promise<ScramCredential> {
  const salt = randomBytes(SALT_BYTES)
  const salted = await saltedPassword(mechanism, password, salt, SCRAM_ITERATIONS_MIN)
  return scramCredential(mechanism, salted, salt, SCRAM_ITERATIONS_MIN)
}
