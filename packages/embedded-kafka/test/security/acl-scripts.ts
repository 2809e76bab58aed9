import type { RequestInput } from '@sluice/kafka-protocol'
import { OPERATION, PATTERN, PERMISSION, RESOURCE } from '../../src/security/acl.ts'
import { type SecurityScribe, errorOf } from './security-scribe.ts'

type Creation = RequestInput<'CreateAcls'>['creations'][number]
type Filter = RequestInput<'DescribeAcls'>

const ANY = {
  resourceTypeFilter: RESOURCE.ANY,
  resourceNameFilter: null,
  patternTypeFilter: PATTERN.ANY,
  principalFilter: null,
  hostFilter: null,
  operation: OPERATION.ANY,
  permissionType: PERMISSION.ANY,
} as const

export function acl(resourceName: string, facts: Partial<Creation> = {}): Creation {
  return {
    resourceType: RESOURCE.TOPIC,
    resourceName,
    resourcePatternType: PATTERN.LITERAL,
    principal: 'User:alice',
    host: '*',
    operation: OPERATION.READ,
    permissionType: PERMISSION.ALLOW,
    ...facts,
  }
}

/** What becomes of ACLs themselves. */
export const ACL_SCRIPTS: Readonly<Record<string, (scribe: SecurityScribe) => Promise<void>>> = {
  async 'ACLs are found by every kind of filter'(scribe) {
    const name = scribe.name('filtered')
    await create(scribe, [
      acl(name),
      acl(name),
      acl(name, { operation: OPERATION.WRITE, permissionType: PERMISSION.DENY, host: '10.0.0.1' }),
      acl(name, { resourcePatternType: PATTERN.PREFIXED, principal: 'User:bob', operation: OPERATION.ALL }),
      acl(`${name}-more`, { principal: 'User:*' }),
      acl(name, { resourceType: RESOURCE.GROUP }),
      acl(name, { resourceType: RESOURCE.TRANSACTIONAL_ID, operation: OPERATION.DESCRIBE }),
    ])
    const filters: Record<string, Partial<Filter>> = {
      name: { resourceNameFilter: name },
      'name and type': { resourceNameFilter: name, resourceTypeFilter: RESOURCE.TOPIC },
      literal: { resourceNameFilter: name, patternTypeFilter: PATTERN.LITERAL },
      prefixed: { resourceNameFilter: name, patternTypeFilter: PATTERN.PREFIXED },
      match: { resourceNameFilter: `${name}-more`, patternTypeFilter: PATTERN.MATCH, principalFilter: 'User:bob' },
      'match more': { resourceNameFilter: `${name}-mo`, patternTypeFilter: PATTERN.MATCH, principalFilter: 'User:bob' },
      principal: { resourceNameFilter: name, principalFilter: 'User:alice' },
      host: { resourceNameFilter: name, hostFilter: '10.0.0.1' },
      operation: { resourceNameFilter: name, operation: OPERATION.DESCRIBE },
      permission: { resourceNameFilter: name, permissionType: PERMISSION.DENY },
      nothing: { resourceNameFilter: scribe.name('nothing') },
    }
    for (const [what, filter] of Object.entries(filters)) await describe(scribe, what, filter)
    await remove(scribe, [
      { resourceNameFilter: name, resourceTypeFilter: RESOURCE.TOPIC },
      { resourceNameFilter: name },
    ])
    await describe(scribe, 'left', { resourceNameFilter: name })
    await remove(scribe, [{ resourceNameFilter: `${name}-more` }])
  },

  async 'ACLs that cannot be'(scribe) {
    const name = scribe.name('bad')
    await create(scribe, [
      acl(''),
      acl('another', { resourceType: RESOURCE.CLUSTER }),
      acl(name, { principal: 'alice' }),
      acl(name, { principal: ':alice' }),
      acl(name, { principal: 'Group:alice' }),
      acl(name, { host: '' }),
      acl(name, { operation: OPERATION.TWO_PHASE_COMMIT }),
      acl(name, { operation: OPERATION.CLUSTER_ACTION }),
      acl(name, { resourceType: RESOURCE.USER, operation: OPERATION.CREATE_TOKENS, principal: 'User:a:b' }),
      acl(name),
    ])
    await describe(scribe, 'made', { resourceNameFilter: name })
    await remove(scribe, [{ resourceNameFilter: name }])
    for (const facts of [{ resourceType: 99 }, { operation: 99 }, { permissionType: 99 }]) {
      const client = await scribe.administrator()
      await scribe.ask(
        `CreateAcls ${JSON.stringify(facts)}`,
        client,
        'CreateAcls',
        { creations: [acl(name, facts)] },
        told,
        3,
      )
    }
    for (const facts of [
      { operation: 99 },
      { resourceTypeFilter: 0 },
      { patternTypeFilter: 0 },
      { permissionType: 99 },
    ]) {
      const client = await scribe.administrator()
      const tell = ({ errorCode }: { errorCode: number }): string => errorOf(errorCode)
      await scribe.ask(`DescribeAcls ${JSON.stringify(facts)}`, client, 'DescribeAcls', { ...ANY, ...facts }, tell, 3)
      const again = await scribe.administrator()
      const filters = [{ ...ANY, resourceNameFilter: name, ...facts }]
      await scribe.ask(`DeleteAcls ${JSON.stringify(facts)}`, again, 'DeleteAcls', { filters }, deleted, 3)
    }
  },

  async 'ACLs are for those who may administer the cluster'(scribe) {
    const alice = await scribe.alice()
    const name = scribe.name('forbidden')
    await scribe.ask('CreateAcls', alice, 'CreateAcls', { creations: [acl(name)] }, told)
    await scribe.ask(
      'DescribeAcls',
      alice,
      'DescribeAcls',
      ANY,
      ({ errorCode, resources }) => `${errorOf(errorCode)} ${resources.length}`,
    )
    await scribe.ask('DeleteAcls', alice, 'DeleteAcls', { filters: [ANY] }, deleted)
  },
}

function told({ results }: { results: readonly { errorCode: number; errorMessage: string | null }[] }): string {
  return results
    .map(
      ({ errorCode, errorMessage }) =>
        `${errorOf(errorCode)} ${errorCode === 0 ? errorMessage : errorMessage !== null}`,
    )
    .join(', ')
}

function deleted({
  filterResults,
}: {
  filterResults: readonly { errorCode: number; matchingAcls: readonly object[] }[]
}): string {
  return filterResults.map(({ errorCode, matchingAcls }) => `${errorOf(errorCode)} ${matchingAcls.length}`).join(', ')
}

export async function create(scribe: SecurityScribe, creations: readonly Creation[]): Promise<void> {
  await scribe.ask('CreateAcls', scribe.admin, 'CreateAcls', { creations: [...creations] }, told, 3)
  await scribe.settle()
}

export async function remove(scribe: SecurityScribe, filters: readonly Partial<Filter>[]): Promise<void> {
  const whole = filters.map((filter) => ({ ...ANY, ...filter }))
  await scribe.ask('DeleteAcls', scribe.admin, 'DeleteAcls', { filters: whole }, deleted, 3)
  await scribe.settle()
}

async function describe(scribe: SecurityScribe, what: string, filter: Partial<Filter>): Promise<void> {
  await scribe.ask(
    `DescribeAcls by ${what}`,
    scribe.admin,
    'DescribeAcls',
    { ...ANY, ...filter },
    ({ errorCode, resources }) => {
      const lines = resources.flatMap(({ resourceType, resourceName, patternType, acls }) =>
        acls.map(
          (one) =>
            `${resourceType} ${patternType} ${resourceName} ${one.principal} ${one.host} ${one.operation} ${one.permissionType}`,
        ),
      )
      return `${errorOf(errorCode)} in ${resources.length} [${lines.toSorted().join(', ')}]`
    },
    3,
  )
}
