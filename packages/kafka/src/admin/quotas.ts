import { pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { KAFKA_ERROR, refused } from '../kafka-errors.ts'
import { layers } from '../layers.ts'
import { wordOf } from './acl-words.ts'
import { type AdminRequests, type Answer, answered } from './admin-requests.ts'
import type {
  ClientQuota,
  Outcome,
  QuotaEntity,
  QuotaFilter,
  QuotasAdmin,
  ScramChange,
  ScramCredential,
  ScramMechanism,
} from './admin-port.ts'

const MATCH = { exact: 0, default: 1, any: 2 } as const

const MECHANISMS: Readonly<Record<ScramMechanism, number>> = { 'SCRAM-SHA-256': 1, 'SCRAM-SHA-512': 2 }
const DIGESTS = {
  'SCRAM-SHA-256': { name: 'sha256', bytes: 32 },
  'SCRAM-SHA-512': { name: 'sha512', bytes: 64 },
} as const
const ITERATIONS = 8192
const SALT_BYTES = 32

const derive = promisify(pbkdf2)

export class Quotas implements QuotasAdmin {
  readonly #requests: AdminRequests

  constructor(requests: AdminRequests) {
    this.#requests = requests
  }

  describe(
    filter: QuotaFilter = {},
    { isStrict = false }: { readonly isStrict?: boolean } = {},
  ): Promise<readonly ClientQuota[]> {
    return this.#requests.once('describe quotas', async () => {
      const connection = await this.#requests.any()
      const version = connection.version('DescribeClientQuotas')
      const components = Object.entries(filter).map(([entityType, match]) =>
        typeof match === 'string'
          ? { entityType, matchType: MATCH[match], match: null }
          : { entityType, matchType: MATCH.exact, match: match.name },
      )
      const answer = await connection.send('DescribeClientQuotas', version, { components, strict: isStrict })
      const { errorCode, errorMessage, entries } = answer
      if (errorCode !== KAFKA_ERROR.NONE) throw refused(errorCode, 'Cannot describe quotas', {}, errorMessage)
      return (entries ?? []).map(({ entity, values }) => ({
        entity: entityOf(entity),
        limits: Object.fromEntries(values.map(({ key, value }) => [key, value])),
      }))
    })
  }

  alter<Q extends { readonly entity: QuotaEntity; readonly limits: Readonly<Record<string, number | null>> }>(
    quotas: readonly Q[],
    { validateOnly = false }: { readonly validateOnly?: boolean } = {},
  ): Promise<readonly Outcome<Q>[]> {
    return this.#requests.outcomes('alter quotas', quotas, async (left) => {
      const connection = await this.#requests.controller()
      const { entries } = await connection.send('AlterClientQuotas', connection.version('AlterClientQuotas'), {
        entries: left.map(({ entity, limits }) => ({
          entity: Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName })),
          ops: Object.entries(limits).map(([key, value]) => ({ key, value: value ?? 0, remove: value === null })),
        })),
        validateOnly,
      })
      const found = new Map(entries.map((entry) => [nameOf(entityOf(entry.entity)), entry]))
      return new Map(
        left.flatMap((item): [Q, Answer<undefined>][] => {
          const name = nameOf(item.entity)
          const entry = found.get(name)
          if (entry === undefined) return []
          const what = `Cannot alter the quota of ${name}`
          return [[item, answered(entry.errorCode, undefined, what, { entity: name }, entry.errorMessage)]]
        }),
      )
    })
  }

  async describeScramUsers(users?: readonly string[]): Promise<readonly Outcome<string, readonly ScramCredential[]>[]> {
    const what = 'describe SCRAM users'
    const results = await this.#requests.once(what, async () => {
      const connection = await this.#requests.controller()
      const version = connection.version('DescribeUserScramCredentials')
      const answer = await connection.send('DescribeUserScramCredentials', version, {
        users: users?.map((name) => ({ name })) ?? null,
      })
      const { errorCode, errorMessage } = answer
      if (errorCode !== KAFKA_ERROR.NONE) throw refused(errorCode, `Cannot ${what}`, {}, errorMessage)
      return answer.results
    })
    return results.map(({ user: item, errorCode, errorMessage, credentialInfos }) => {
      if (errorCode !== KAFKA_ERROR.NONE) {
        const error = refused(errorCode, `Cannot describe SCRAM user ${item}`, { user: item }, errorMessage)
        return { item, value: null, error }
      }
      const value = credentialInfos.flatMap(({ mechanism, iterations }) => {
        const word = wordOf(MECHANISMS, mechanism)
        return word === undefined ? [] : [{ mechanism: word, iterations }]
      })
      return { item, value, error: null }
    })
  }

  async alterScramUsers<C extends ScramChange>(changes: readonly C[]): Promise<readonly Outcome<C>[]> {
    const prepared = new Map(await Promise.all(changes.map(async (change) => [change, await prepare(change)] as const)))
    const found = new Map<C, Outcome<C>>()
    for (const layer of layers(changes, ({ user }) => user)) {
      for (const outcome of await this.#alterScramUsers(layer, prepared)) found.set(outcome.item, outcome)
    }
    return changes.map((change) => found.get(change)!)
  }

  #alterScramUsers<C extends ScramChange>(
    changes: readonly C[],
    prepared: ReadonlyMap<C, Deletion | Upsertion>,
  ): Promise<readonly Outcome<C>[]> {
    return this.#requests.outcomes('alter SCRAM users', changes, async (left) => {
      const connection = await this.#requests.controller()
      const version = connection.version('AlterUserScramCredentials')
      const wanted = left.map((change) => prepared.get(change)!)
      const { results } = await connection.send('AlterUserScramCredentials', version, {
        deletions: wanted.filter((change) => change.salt === undefined),
        upsertions: wanted.flatMap((change) => (change.salt === undefined ? [] : [change])),
      })
      const answers = new Map(results.map((result) => [result.user, result]))
      return new Map(
        left.flatMap((item): [C, Answer<undefined>][] => {
          const { user } = item
          const answer = answers.get(user)
          if (answer === undefined) return []
          const what = `Cannot alter SCRAM user ${user}`
          return [[item, answered(answer.errorCode, undefined, what, { user }, answer.errorMessage)]]
        }),
      )
    })
  }
}

interface Deletion {
  readonly name: string
  readonly mechanism: number
  readonly salt?: undefined
}

interface Upsertion {
  readonly name: string
  readonly mechanism: number
  readonly iterations: number
  readonly salt: Uint8Array
  readonly saltedPassword: Uint8Array
}

/** RFC 5802: the salted password is what the cluster derives its keys from; the password itself stays here. */
async function prepare(change: ScramChange): Promise<Deletion | Upsertion> {
  const { user: name, mechanism } = change
  if ('isDeleted' in change) return { name, mechanism: MECHANISMS[mechanism] }
  const { password, iterations = ITERATIONS } = change
  const { name: digest, bytes } = DIGESTS[mechanism]
  const salt = randomBytes(SALT_BYTES)
  const saltedPassword = await derive(password.normalize('NFKC'), salt, iterations, bytes, digest)
  return { name, mechanism: MECHANISMS[mechanism], iterations, salt, saltedPassword }
}

function entityOf(parts: readonly { readonly entityType: string; readonly entityName: string | null }[]): QuotaEntity {
  return Object.fromEntries(parts.map(({ entityType, entityName }) => [entityType, entityName]))
}

/** As in `client-id=app, user=<default>`. */
function nameOf(entity: QuotaEntity): string {
  return Object.entries(entity)
    .map(([kind, name]) => `${kind}=${name ?? '<default>'}`)
    .toSorted()
    .join(', ')
}
