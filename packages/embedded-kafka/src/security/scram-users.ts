import type { ScramCredential, ScramMechanism } from '@sluice/kafka-protocol'
import { ApiError } from '../api/handler.ts'
import type { StateFile } from '../settings/state-file.ts'

interface Saved {
  readonly salt: string
  readonly iterations: number
  readonly storedKey: string
  readonly serverKey: string
}
type Credentials = ReadonlyMap<ScramMechanism, ScramCredential>

/** What the broker keeps of SCRAM users that were made while it ran (KIP-554): not their passwords. */
export class ScramUsers {
  readonly #file: StateFile
  #users: ReadonlyMap<string, Credentials>

  constructor(file: StateFile) {
    this.#file = file
    this.#users = read(file.load())
  }

  get names(): string[] {
    return [...this.#users.keys()]
  }

  credential(user: string, mechanism: ScramMechanism): ScramCredential | undefined {
    return this.#users.get(user)?.get(mechanism)
  }

  /** All of a user; undefined when there are none. */
  credentials(user: string): Credentials | undefined {
    return this.#users.get(user)
  }

  /** Replaces users; without credentials they are gone. Durable when it returns. @throws ApiError KAFKA_STORAGE_ERROR */
  replace(changed: ReadonlyMap<string, Credentials>): void {
    const users = new Map(this.#users)
    for (const [user, credentials] of changed) {
      if (credentials.size === 0) users.delete(user)
      else users.set(user, credentials)
    }
    try {
      this.#file.save(written(users))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new ApiError('KAFKA_STORAGE_ERROR', `Users cannot be saved: ${reason}`)
    }
    this.#users = users
  }
}

function written(users: ReadonlyMap<string, Credentials>): [user: string, credentials: [ScramMechanism, Saved][]][] {
  return Array.from(users, ([user, credentials]) => [
    user,
    Array.from(credentials, ([mechanism, { salt, iterations, storedKey, serverKey }]) => [
      mechanism,
      {
        salt: salt.toString('base64'),
        iterations,
        storedKey: storedKey.toString('base64'),
        serverKey: serverKey.toString('base64'),
      },
    ]),
  ])
}

function read(document: unknown): Map<string, Credentials> {
  const users = new Map<string, Credentials>()
  for (const [user, credentials] of (document ?? []) as ReturnType<typeof written>) {
    const own = credentials.map(
      ([mechanism, { salt, iterations, storedKey, serverKey }]): [ScramMechanism, ScramCredential] => [
        mechanism,
        { salt: bytes(salt), iterations, storedKey: bytes(storedKey), serverKey: bytes(serverKey) },
      ],
    )
    users.set(user, new Map(own))
  }
  return users
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'base64')
}
