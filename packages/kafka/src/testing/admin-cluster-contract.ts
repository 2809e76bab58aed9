import assert from 'node:assert/strict'
import { valuesOf } from '../admin/admin-requests.ts'
import type { AclBinding } from '../port.ts'
import { errorsOf } from './admin-topics-contract.ts'
import type { WithKafka } from './port-contract.ts'
import { assertRefused, record } from './port-fixture.ts'
import { assertSoon, fill } from './reading.ts'

/** What `admin.cluster`, `admin.transactions`, `admin.quotas` and `admin.acls` promise. */
export function adminClusterContract(test: WithKafka): void {
  test('a cluster is described with its brokers', async ({ kafka }) => {
    const cluster = await kafka.admin.cluster.describe()
    assert.ok(cluster.brokers.length >= 1)
    for (const { id, host, port } of cluster.brokers) assert.ok(id >= 0 && host !== '' && port > 0)
    assert.equal(cluster.clusterId, (await kafka.admin.describeCluster()).clusterId)
    assert.equal(cluster.authorizedOperations, null)
  })

  test('what this user may do with the cluster is said when asked for', async ({ kafka }) => {
    const { authorizedOperations } = await kafka.admin.cluster.describe({ authorizedOperations: true })
    assert.ok(authorizedOperations!.includes('create') && authorizedOperations!.includes('alter-configs'))
  })

  test('log directories tell what lies in them', async ({ kafka, topic }) => {
    const name = await topic(2)
    await fill(kafka, name, 100, 2)
    const dirs = valuesOf(await kafka.admin.cluster.logDirs()).flatMap((outcomes) => valuesOf(outcomes))
    const replicas = dirs.flatMap((dir) => dir.replicas).filter((replica) => replica.topic === name)
    assert.equal(replicas.length, 2)
    for (const { sizeBytes, offsetLag, isFuture } of replicas) {
      assert.ok(sizeBytes > 0)
      assert.deepEqual([offsetLag, isFuture], [0, false])
    }
  })

  test('features have levels', async ({ kafka }) => {
    const { supported, finalized } = await kafka.admin.cluster.features()
    const { min, max } = supported['metadata.version']!
    const level = finalized['metadata.version']!
    assert.ok(min <= level && level <= max)
  })

  test('a feature that does not exist is refused', async ({ kafka }) => {
    const work = kafka.admin.cluster.updateFeatures([{ feature: 'no.such.feature', level: 1 }], { validateOnly: true })
    await assertRefused(work, 'KAFKA_REFUSED')
  })

  test('a transaction is listed and described while it is open', async ({ kafka, topic, freshName }) => {
    const [name, id] = [await topic(2), freshName()]
    const producer = await kafka.transactionalProducer({ transactionalId: id, transactionTimeoutMs: 55_000 })
    producer.begin()
    await producer.produce([record(name, { partition: 1, value: 'v' })])
    const [described] = valuesOf(await kafka.admin.transactions.describe([id]))
    assert.equal(described!.state, 'Ongoing')
    assert.equal(described!.timeoutMs, 55_000)
    assert.ok(described!.startTimeMs > 0)
    assert.deepEqual(described!.partitions, [{ topic: name, partition: 1 }])
    const listed = await kafka.admin.transactions.list({ states: ['Ongoing'] })
    const found = listed.find(({ transactionalId }) => transactionalId === id)
    assert.equal(found!.producerId, described!.producerId)
    const byProducer = await kafka.admin.transactions.list({ producerIds: [described!.producerId] })
    assert.deepEqual(
      byProducer.map(({ transactionalId }) => transactionalId),
      [id],
    )
    await producer.close()
  })

  test('a state that does not exist is refused as a filter', async ({ kafka }) => {
    await assertRefused(kafka.admin.transactions.list({ states: ['Confused'] }), 'KAFKA_REFUSED', 'INVALID_REQUEST')
  })

  test('transactions are found by a pattern, or the broker is too old to', async ({ kafka, freshName }) => {
    const id = freshName()
    const producer = await kafka.transactionalProducer({ transactionalId: id })
    const listed = await kafka.admin.transactions.list({ pattern: `${id}.*` }).catch((error: unknown) => error)
    if (listed instanceof Error) {
      await assertRefused(Promise.reject(listed), 'KAFKA_REFUSED', 'UNSUPPORTED_VERSION')
    } else {
      assert.deepEqual(
        (listed as { readonly transactionalId: string }[]).map(({ transactionalId }) => transactionalId),
        [id],
      )
    }
    await producer.close()
  })

  test('a transactional id that was never used is not found', async ({ kafka, freshName }) => {
    const id = freshName()
    const outcomes = await kafka.admin.transactions.describe([id])
    assert.deepEqual(errorsOf(outcomes), { [id]: 'TRANSACTIONAL_ID_NOT_FOUND' })
  })

  test('producers are fenced by their transactional id, and what they had open is aborted', async ({
    kafka,
    topic,
    freshName,
    readAll,
  }) => {
    const [name, id] = [await topic(), freshName()]
    const producer = await kafka.transactionalProducer({ transactionalId: id })
    producer.begin()
    await producer.produce([record(name, { value: 'v' })])
    const [fenced] = valuesOf(await kafka.admin.transactions.fenceProducers([id]))
    assert.ok(fenced!.producerEpoch > 0)
    await assertRefused(producer.commit(), 'KAFKA_FENCED')
    assert.deepEqual(await readAll(name, 'read_committed'), [])
    await producer.close()
  })

  test('the producers of a partition are described, and a transaction is aborted there', async ({
    kafka,
    topic,
    freshName,
    readAll,
  }) => {
    const name = await topic()
    const at = { topic: name, partition: 0 }
    const producer = await kafka.transactionalProducer({ transactionalId: freshName() })
    producer.begin()
    await producer.produce([record(name, { value: 'v' })])
    const [[active] = []] = valuesOf(await kafka.admin.partitions.describeProducers([at]))
    assert.equal(active!.currentTransactionStartOffset, 0)
    const { producerId, producerEpoch, coordinatorEpoch } = active!
    await kafka.admin.transactions.abort({ ...at, producerId, producerEpoch, coordinatorEpoch })
    const [[after] = []] = valuesOf(await kafka.admin.partitions.describeProducers([at]))
    assert.equal(after!.currentTransactionStartOffset, -1)
    assert.deepEqual(await readAll(name, 'read_committed'), [])
    await producer.close(0)
  })

  test('quotas are set, described and taken away', async ({ kafka, freshName }) => {
    const entity = { user: freshName() }
    const limits = { producer_byte_rate: 12_345, request_percentage: 50.5 }
    const described = (): Promise<unknown> => kafka.admin.quotas.describe({ user: { name: entity.user } })
    valuesOf(await kafka.admin.quotas.alter([{ entity, limits }], { validateOnly: true }))
    assert.deepEqual(await described(), [])
    valuesOf(await kafka.admin.quotas.alter([{ entity, limits }]))
    await assertSoon(described, [{ entity, limits }])
    valuesOf(await kafka.admin.quotas.alter([{ entity, limits: { request_percentage: null } }]))
    await assertSoon(described, [{ entity, limits: { producer_byte_rate: 12_345 } }])
    valuesOf(await kafka.admin.quotas.alter([{ entity, limits: { producer_byte_rate: null } }]))
    await assertSoon(described, [])
  })

  test('a quota that does not exist is refused, the others are set', async ({ kafka, freshName }) => {
    const [a, b] = [freshName(), freshName()]
    const outcomes = await kafka.admin.quotas.alter([
      { entity: { user: a }, limits: { no_such_rate: 1 } },
      { entity: { user: b }, limits: { consumer_byte_rate: 1000 } },
    ])
    assert.deepEqual(
      outcomes.map(({ error }) => error?.place?.['error'] ?? null),
      ['INVALID_REQUEST', null],
    )
    valuesOf(await kafka.admin.quotas.alter([{ entity: { user: b }, limits: { consumer_byte_rate: null } }]))
  })

  test('SCRAM users are made, described and deleted', async ({ kafka, freshName }) => {
    const user = freshName()
    const { quotas } = kafka.admin
    valuesOf(
      await quotas.alterScramUsers([
        { user, mechanism: 'SCRAM-SHA-256', password: 'secret', iterations: 4096 },
        { user, mechanism: 'SCRAM-SHA-512', password: 'secret' },
      ]),
    )
    const credentials = async (): Promise<unknown> => {
      const [outcome] = await quotas.describeScramUsers([user])
      return outcome!.value?.toSorted((x, y) => x.iterations - y.iterations) ?? outcome!.error?.place?.['error']
    }
    await assertSoon(credentials, [
      { mechanism: 'SCRAM-SHA-256', iterations: 4096 },
      { mechanism: 'SCRAM-SHA-512', iterations: 8192 },
    ])
    const all = await quotas.describeScramUsers()
    assert.ok(all.some(({ item }) => item === user))
    const mechanisms = ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const
    valuesOf(await quotas.alterScramUsers(mechanisms.map((mechanism) => ({ user, mechanism, isDeleted: true }))))
    await assertSoon(credentials, 'RESOURCE_NOT_FOUND')
  })

  test('a SCRAM user that is not there cannot be deleted; too few iterations are refused', async ({
    kafka,
    freshName,
  }) => {
    const [a, b] = [freshName(), freshName()]
    const outcomes = await kafka.admin.quotas.alterScramUsers([
      { user: a, mechanism: 'SCRAM-SHA-256', isDeleted: true },
      { user: b, mechanism: 'SCRAM-SHA-256', password: 'secret', iterations: 10 },
    ])
    assert.deepEqual(
      outcomes.map(({ error }) => error?.place?.['error']),
      ['RESOURCE_NOT_FOUND', 'UNACCEPTABLE_CREDENTIAL'],
    )
  })

  test('ACLs are made, found by filters and deleted; without an authorizer every verb says so', async ({
    kafka,
    freshName,
  }) => {
    const { acls } = kafka.admin
    const name = freshName()
    const binding = (principal: string, resourceName: string): AclBinding => ({
      resourceType: 'topic',
      resourceName,
      patternType: 'prefixed',
      principal,
      host: '*',
      operation: 'read',
      permission: 'allow',
    })
    const bindings = [binding('User:alice', name), binding('User:bob', name)]
    const filter = { resourceType: 'topic', resourceName: name, patternType: 'prefixed' } as const
    const created = await acls.create(bindings)
    if (created[0]!.error?.place?.['error'] === 'SECURITY_DISABLED') {
      await assertRefused(acls.describe(), 'KAFKA_REFUSED', 'SECURITY_DISABLED')
      const [deleted] = await acls.delete([filter])
      assert.equal(deleted!.error?.place?.['error'], 'SECURITY_DISABLED')
      return
    }
    valuesOf(created)
    const byPrincipal = (one: AclBinding, two: AclBinding): number => (one.principal < two.principal ? -1 : 1)
    await assertSoon(async () => (await acls.describe(filter)).toSorted(byPrincipal), bindings)
    const matching = { resourceType: 'topic', resourceName: `${name}-more`, patternType: 'match' } as const
    assert.equal((await acls.describe(matching)).filter(({ resourceName }) => resourceName === name).length, 2)
    const [deleted] = valuesOf(await acls.delete([{ ...filter, principal: 'User:bob' }]))
    assert.deepEqual(
      deleted!.map(({ item }) => item),
      [bindings[1]],
    )
    await assertSoon(() => acls.describe(filter), [bindings[0]])
    valuesOf(await acls.delete([filter]))
  })
}
