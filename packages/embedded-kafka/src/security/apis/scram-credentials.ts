import {
  SCRAM_ITERATIONS_MIN,
  SCRAM_MECHANISMS,
  type ScramCredential,
  type ScramMechanism,
  scramCredential,
} from '@sluice/kafka-protocol'
import { ApiError, type ApiHandler, type BrokerRequest, errorCodeOf, handler } from '../../api/handler.ts'
import { CLUSTER_NAME } from '../acl.ts'
import type { ScramUsers } from '../scram-users.ts'

type Alterations = BrokerRequest<'AlterUserScramCredentials'>['body']

const ITERATIONS_MAX = 16_384
const MECHANISMS = Object.keys(SCRAM_MECHANISMS) as ScramMechanism[]

/** KIP-554. Users that were given at the start are not among them: they have passwords, and are no credentials. */
export function scramApis(users: ScramUsers): readonly ApiHandler[] {
  return [describeUserScramCredentials(users), alterUserScramCredentials(users)]
}

function describeUserScramCredentials(users: ScramUsers): ApiHandler<'DescribeUserScramCredentials'> {
  return handler({
    api: 'DescribeUserScramCredentials',
    versions: [0, 0],
    handle({ body, client }, broker) {
      if (!broker.access.may(client, 'DESCRIBE', 'CLUSTER', CLUSTER_NAME)) {
        throw new ApiError('CLUSTER_AUTHORIZATION_FAILED')
      }
      const asked = (body.users ?? []).map(({ name }) => name)
      const names = asked.length === 0 ? users.names : [...new Set(asked)]
      return {
        errorCode: 0,
        errorMessage: '',
        results: names.map((user) => {
          const isTwice = asked.indexOf(user) !== asked.lastIndexOf(user)
          return isTwice ? described(user, 'DUPLICATE_RESOURCE') : described(user, users.credentials(user))
        }),
      }
    },
    refuse: (_, errorCode, errorMessage) => ({ errorCode, errorMessage, results: [] }),
  })
}

function described(
  user: string,
  credentials: ReadonlyMap<ScramMechanism, ScramCredential> | undefined | 'DUPLICATE_RESOURCE',
) {
  if (credentials === 'DUPLICATE_RESOURCE') {
    const reason = `Cannot describe SCRAM credentials for the same user twice in a single request: ${user}`
    return refused(user, new ApiError('DUPLICATE_RESOURCE', reason))
  }
  if (credentials === undefined) {
    const reason = `Attempt to describe a user credential that does not exist: ${user}`
    return refused(user, new ApiError('RESOURCE_NOT_FOUND', reason))
  }
  const credentialInfos = Array.from(credentials, ([mechanism, { iterations }]) => ({
    mechanism: SCRAM_MECHANISMS[mechanism].type,
    iterations,
  }))
  return { user, errorCode: 0, errorMessage: null, credentialInfos }
}

function alterUserScramCredentials(users: ScramUsers): ApiHandler<'AlterUserScramCredentials'> {
  return handler({
    api: 'AlterUserScramCredentials',
    versions: [0, 0],
    handle({ body, client }, broker) {
      if (!broker.access.may(client, 'ALTER', 'CLUSTER', CLUSTER_NAME)) {
        throw new ApiError('CLUSTER_AUTHORIZATION_FAILED')
      }
      const changed = new Map<string, ReadonlyMap<ScramMechanism, ScramCredential>>()
      const results = namesIn(body).map((user) => {
        try {
          changed.set(user, altered(users, body, user))
          return { user, errorCode: 0, errorMessage: null }
        } catch (error) {
          if (!(error instanceof ApiError)) throw error
          return refused(user, error)
        }
      })
      if (changed.size > 0) users.replace(changed)
      return { results }
    },
    refuse: ({ body }, errorCode, errorMessage) => ({
      results: namesIn(body).map((user) => ({ user, errorCode, errorMessage })),
    }),
  })
}

function namesIn({ deletions, upsertions }: Alterations): string[] {
  return [...new Set([...deletions, ...upsertions].map(({ name }) => name))]
}

/** What one request makes of a user, who may be named in it once. */
function altered(
  users: ScramUsers,
  { deletions, upsertions }: Alterations,
  user: string,
): Map<ScramMechanism, ScramCredential> {
  if (user === '') throw new ApiError('UNACCEPTABLE_CREDENTIAL', 'Username must not be empty')
  const credentials = new Map(users.credentials(user))
  const deleted = deletions.filter(({ name }) => name === user)
  const upserted = upsertions.filter(({ name }) => name === user)
  for (const { mechanism } of deleted) {
    const one = mechanismOf(mechanism)
    if (users.credential(user, one) === undefined) {
      throw new ApiError('RESOURCE_NOT_FOUND', 'Attempt to delete a user credential that does not exist')
    }
    credentials.delete(one)
  }
  for (const { mechanism, iterations, salt, saltedPassword } of upserted) {
    const one = mechanismOf(mechanism)
    if (iterations < SCRAM_ITERATIONS_MIN) throw new ApiError('UNACCEPTABLE_CREDENTIAL', 'Too few iterations')
    if (iterations > ITERATIONS_MAX) throw new ApiError('UNACCEPTABLE_CREDENTIAL', 'Too many iterations')
    credentials.set(one, scramCredential(one, saltedPassword, Buffer.from(salt), iterations))
  }
  if (deleted.length + upserted.length > 1) {
    throw new ApiError('DUPLICATE_RESOURCE', 'A user credential cannot be altered twice in the same request')
  }
  return credentials
}

function mechanismOf(type: number): ScramMechanism {
  const mechanism = MECHANISMS.find((one) => SCRAM_MECHANISMS[one].type === type)
  if (mechanism === undefined) throw new ApiError('UNSUPPORTED_SASL_MECHANISM', 'Unknown SCRAM mechanism')
  return mechanism
}

function refused(user: string, error: ApiError) {
  return { user, errorCode: errorCodeOf(error), errorMessage: error.message, credentialInfos: [] }
}
