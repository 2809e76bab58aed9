import type { RequestInput } from '@sluice/kafka-protocol'
import { type SecurityScribe, errorOf } from './security-scribe.ts'

const SHA_256 = 1
const SHA_512 = 2
type Alterations = RequestInput<'AlterUserScramCredentials'>
type Entry = RequestInput<'AlterClientQuotas'>['entries'][number]

/** SCRAM users and quotas. */
export const CREDENTIAL_SCRIPTS: Readonly<Record<string, (scribe: SecurityScribe) => Promise<void>>> = {
  async 'SCRAM users are made, changed, described and deleted'(scribe) {
    const [a, b] = [scribe.name('a'), scribe.name('b')]
    await alter(scribe, { deletions: [], upsertions: [upsertion(b), upsertion(a)] })
    await alter(scribe, { deletions: [], upsertions: [upsertion(a, SHA_512, 8192)] })
    await described(scribe, [a, b])
    await described(scribe, [b, scribe.name('nobody'), a])
    await described(scribe, [a, a])
    await alter(scribe, { deletions: [{ name: a, mechanism: SHA_512 }], upsertions: [upsertion(a, SHA_256, 5000)] })
    await described(scribe, [a])
    await alter(scribe, { deletions: [1, 2].map((mechanism) => ({ name: a, mechanism })), upsertions: [] })
    await alter(scribe, { deletions: [{ name: a, mechanism: SHA_512 }], upsertions: [] })
    await described(scribe, [a])
    await alter(scribe, { deletions: [a, b].map((name) => ({ name, mechanism: SHA_256 })), upsertions: [] })
    await described(scribe, [a, b])
  },

  async 'credentials that cannot be'(scribe) {
    const a = scribe.name('a')
    const cases: Record<string, Alterations> = {
      'too few': { deletions: [], upsertions: [upsertion(a, SHA_256, 4095)] },
      'too many': { deletions: [], upsertions: [upsertion(a, SHA_256, 16_385)] },
      nameless: { deletions: [{ name: '', mechanism: 1 }], upsertions: [upsertion('')] },
      'unknown mechanism': { deletions: [{ name: a, mechanism: 3 }], upsertions: [] },
      'unknown mechanism made': { deletions: [], upsertions: [upsertion(a, 0)] },
      twice: { deletions: [], upsertions: [upsertion(a), upsertion(a)] },
      'made and deleted': { deletions: [{ name: a, mechanism: 1 }], upsertions: [upsertion(a)] },
      'not there': { deletions: [{ name: a, mechanism: 1 }], upsertions: [] },
      'one good, one bad': { deletions: [{ name: a, mechanism: 2 }], upsertions: [upsertion(a)] },
      'one good, one bad of two': { deletions: [{ name: a, mechanism: 2 }], upsertions: [upsertion(scribe.name('b'))] },
      'no salt': { deletions: [], upsertions: [{ ...upsertion(a), salt: Buffer.alloc(0) }] },
      'both mechanisms': { deletions: [], upsertions: [upsertion(a), upsertion(a, SHA_512)] },
    }
    for (const [what, body] of Object.entries(cases)) await alter(scribe, body, what)
    await described(scribe, [a, scribe.name('b')])
    for (const name of [a, scribe.name('b')]) {
      await scribe.admin.send('AlterUserScramCredentials', { deletions: [{ name, mechanism: 1 }], upsertions: [] })
    }
    await scribe.settle()
    await described(scribe, null)
  },

  async 'credentials and quotas are for those who may administer the cluster'(scribe) {
    const alice = await scribe.alice()
    const name = scribe.name('a')
    const body = { deletions: [{ name, mechanism: 1 }], upsertions: [upsertion(scribe.name('b'))] }
    const codes = ({ results }: { results: readonly UserResult[] }): string =>
      results.map(({ errorCode }) => errorOf(errorCode)).join()
    await scribe.ask('AlterUserScramCredentials', alice, 'AlterUserScramCredentials', body, codes)
    const entries = [entry({ user: name }, { producer_byte_rate: 1 })]
    await scribe.ask('AlterClientQuotas', alice, 'AlterClientQuotas', { entries }, tellQuotas)
    await scribe.ask(
      'DescribeClientQuotas',
      alice,
      'DescribeClientQuotas',
      { components: [], strict: false },
      ({ errorCode, entries: found }) => `${errorOf(errorCode)} ${found === null}`,
    )
  },

  async 'quotas are set, found by filters and taken away'(scribe) {
    const [u, c] = [scribe.name('u'), scribe.name('c')]
    const entities: Record<string, string | null>[] = [
      { user: u },
      { 'client-id': c },
      { user: u, 'client-id': c },
      { user: u, 'client-id': null },
    ]
    await quota(
      scribe,
      entities.map((entity, i) => entry(entity, { producer_byte_rate: 1000 + i, request_percentage: 12.5 })),
    )
    await quota(scribe, [entry({ ip: '10.1.2.3' }, { connection_creation_rate: 5 })])
    const filters: Record<string, RequestInput<'DescribeClientQuotas'>> = {
      'the user': { components: [{ entityType: 'user', matchType: 0, match: u }], strict: false },
      'the user, strictly': { components: [{ entityType: 'user', matchType: 0, match: u }], strict: true },
      'the user and any client': {
        components: [
          { entityType: 'user', matchType: 0, match: u },
          { entityType: 'client-id', matchType: 2, match: null },
        ],
        strict: true,
      },
      'the user and the default client': {
        components: [
          { entityType: 'user', matchType: 0, match: u },
          { entityType: 'client-id', matchType: 1, match: null },
        ],
        strict: false,
      },
      'the address': { components: [{ entityType: 'ip', matchType: 0, match: '10.1.2.3' }], strict: false },
      nobody: { components: [{ entityType: 'user', matchType: 0, match: scribe.name('nobody') }], strict: false },
    }
    for (const [what, body] of Object.entries(filters)) {
      await scribe.ask(`DescribeClientQuotas of ${what}`, scribe.admin, 'DescribeClientQuotas', body, tellEntries)
    }
    await quota(scribe, [entry({ user: u }, { producer_byte_rate: null, consumer_byte_rate: 7 })])
    await scribe.ask('afterwards', scribe.admin, 'DescribeClientQuotas', filters['the user, strictly']!, tellEntries)
    const none = { producer_byte_rate: null, consumer_byte_rate: null, request_percentage: null }
    await quota(scribe, [
      ...entities.map((entity) => entry(entity, none)),
      entry({ ip: '10.1.2.3' }, { connection_creation_rate: null }),
    ])
    await scribe.ask('at last', scribe.admin, 'DescribeClientQuotas', filters['the user']!, tellEntries)
  },

  async 'quotas that cannot be'(scribe) {
    const u = scribe.name('u')
    const cases: Entry[] = [
      entry({}, { producer_byte_rate: 1 }),
      entry({ user: '' }, { producer_byte_rate: 1 }),
      entry({ topic: u }, { producer_byte_rate: 1 }),
      entry({ user: u, ip: '10.1.2.3' }, { producer_byte_rate: 1 }),
      entry({ ip: 'no such host.' }, { connection_creation_rate: 1 }),
      entry({ ip: '10.1.2.3' }, { producer_byte_rate: 1 }),
      entry({ user: u }, { connection_creation_rate: 1 }),
      entry({ user: u }, { no_such_rate: 1 }),
      entry({ user: u }, { no_such_rate: null }),
      entry({ user: u }, { producer_byte_rate: 0 }),
      entry({ user: u }, { producer_byte_rate: -1 }),
      entry({ user: u }, { producer_byte_rate: 1.5 }),
      entry({ user: u }, { producer_byte_rate: 1e300 }),
      entry({ user: u }, { consumer_byte_rate: 1.000000001 }),
      entry({ user: u }, { controller_mutation_rate: 0 }),
      entry({ user: u }, {}),
    ]
    for (const one of cases) await quota(scribe, [one], JSON.stringify([one.entity, one.ops]).replaceAll('"', ''))
    await quota(
      scribe,
      [entry({ user: u }, { producer_byte_rate: 1 }), entry({ user: u }, { producer_byte_rate: 2 })],
      'twice',
    )
    const same = {
      entity: [{ entityType: 'user', entityName: u }],
      ops: [op('producer_byte_rate', 1), op('producer_byte_rate', 2)],
    }
    await quota(scribe, [same], 'a limit twice')
    const component = { entityType: 'user', matchType: 0, match: u }
    const filters: Record<string, RequestInput<'DescribeClientQuotas'>> = {
      'what is left': { components: [component], strict: true },
      twice: { components: [component, component], strict: false },
      'another type': { components: [{ ...component, entityType: 'topic' }], strict: false },
      'no type': { components: [{ ...component, entityType: '' }], strict: false },
      'address and user': {
        components: [component, { entityType: 'ip', matchType: 0, match: '10.1.2.3' }],
        strict: false,
      },
      'exactly nothing': { components: [{ ...component, match: null }], strict: false },
      'a named default': { components: [{ ...component, matchType: 1 }], strict: false },
      'another match': { components: [{ ...component, matchType: 7 }], strict: false },
    }
    for (const [what, body] of Object.entries(filters)) {
      await scribe.ask(`DescribeClientQuotas ${what}`, scribe.admin, 'DescribeClientQuotas', body, tellEntries)
    }
    await quota(scribe, [entry({ user: u }, { producer_byte_rate: null })])
  },
}

function upsertion(name: string, mechanism = SHA_256, iterations = 4096): Alterations['upsertions'][number] {
  return { name, mechanism, iterations, salt: Buffer.from('salt'), saltedPassword: Buffer.from('salted') }
}

async function alter(scribe: SecurityScribe, body: Alterations, what = ''): Promise<void> {
  await scribe.ask(`AlterUserScramCredentials ${what}`, scribe.admin, 'AlterUserScramCredentials', body, tellUsers)
  await scribe.settle()
}

async function described(scribe: SecurityScribe, users: readonly string[] | null): Promise<void> {
  const body = { users: users === null ? null : users.map((name) => ({ name })) }
  await scribe.ask(
    'DescribeUserScramCredentials',
    scribe.admin,
    'DescribeUserScramCredentials',
    body,
    users === null ? ({ errorCode }) => errorOf(errorCode) : tellAll,
  )
}

interface UserResult {
  readonly user: string
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly credentialInfos?: readonly { readonly mechanism: number; readonly iterations: number }[]
}

function tellUsers({ results }: { results: readonly UserResult[] }): string {
  const lines = results.map(({ user, errorCode, errorMessage, credentialInfos = [] }) => {
    const infos = credentialInfos.map(({ mechanism, iterations }) => `${mechanism}/${iterations}`)
    return [`'${user}'`, errorOf(errorCode), errorMessage, ...infos.toSorted()].join(' ')
  })
  return lines.toSorted().join(', ')
}

function tellAll(answer: { errorCode: number; errorMessage: string | null; results: readonly UserResult[] }): string {
  return `${errorOf(answer.errorCode)} ${answer.errorMessage} [${tellUsers(answer)}]`
}

function op(key: string, value: number | null): Entry['ops'][number] {
  return { key, value: value ?? 0, remove: value === null }
}

function entry(entity: Record<string, string | null>, limits: Record<string, number | null>): Entry {
  return {
    entity: Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName })),
    ops: Object.entries(limits).map(([key, value]) => op(key, value)),
  }
}

async function quota(scribe: SecurityScribe, entries: Entry[], what = ''): Promise<void> {
  await scribe.ask(`AlterClientQuotas ${what}`, scribe.admin, 'AlterClientQuotas', { entries }, tellQuotas)
  await scribe.settle()
}

interface Part {
  readonly entityType: string
  readonly entityName: string | null
}

function tellQuotas(answer: {
  entries: readonly { errorCode: number; errorMessage: string | null; entity: readonly Part[] }[]
}): string {
  return answer.entries
    .map(({ errorCode, errorMessage }) => `${errorOf(errorCode)} ${errorMessage === null ? 'no message' : 'message'}`)
    .join(', ')
}

function tellEntries(answer: {
  errorCode: number
  errorMessage: string | null
  entries: readonly { entity: readonly Part[]; values: readonly { key: string; value: number }[] }[] | null
}): string {
  const lines = answer.entries?.map(({ entity, values }) => {
    const parts = entity.map(({ entityType, entityName }) => `${entityType}=${entityName}`).toSorted()
    return `${parts.join('+')} ${values
      .map(({ key, value }) => `${key}=${value}`)
      .toSorted()
      .join(' ')}`
  })
  return `${errorOf(answer.errorCode)} ${answer.errorMessage === null ? 'no message' : 'message'} ${lines === undefined ? null : `[${lines.toSorted().join(', ')}]`}`
}
