/** The examples of docs/explanation/embedded-kafka.md: each function's body stands there word for word, and is run here. */
import { type EmbeddedKafka, fault, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { connect } from '@sluice/kafka'

export async function starting(dataDir: string): Promise<void> {
  const broker = await startEmbeddedKafka({ dataDir, port: 0, configs: { 'num.partitions': '3' } })
  const kafka = await connect({ bootstrapServers: broker.bootstrapServers })
  await kafka.admin.ensureTopics([{ topic: 'orders', partitions: -1 }])
  await kafka.close()
  await broker.close()
}

export async function refusals(broker: EmbeddedKafka): Promise<void> {
  // The next three requests to produce are refused; the client finds the leader again and sends them once more.
  const refused = broker.intercept('Produce', () => fault.error('NOT_LEADER_OR_FOLLOWER'), { times: 3 })

  // The broker acts, and the client never learns it: was the transaction committed?
  broker.intercept('EndTxn', () => fault.after(() => 'drop'))

  // Only requests of one client, for as long as the intercept is there.
  const slow = broker.intercept('Fetch', ({ clientId }) => (clientId === 'slow' ? fault.delay(200) : fault.pass), {
    times: Infinity,
  })
  slow.remove()
  console.log(refused.seen, refused.count)
  broker.clearIntercepts()
}

export async function moves(broker: EmbeddedKafka): Promise<void> {
  broker.moveLeader('orders', 0, 2)
  broker.moveCoordinator('group', 'billing', 3)
  await broker.killNode(2)
  await broker.restartNode(2)
}

export async function time(broker: EmbeddedKafka): Promise<void> {
  broker.freezeClock()
  broker.advanceClock(60_000) // sessions, transactions and records that have expired meanwhile are dealt with before it returns
  broker.retainNow('orders')
  broker.thawClock()
}

export async function releases(): Promise<void> {
  const broker = await startEmbeddedKafka({ emulate: '3.9' })
  broker.capVersions({ Produce: [0, 9], DescribeTopicPartitions: null })
  const kafka = await connect({ bootstrapServers: broker.bootstrapServers })
  await kafka.close()
  await broker.close()
}

export async function afterwards(broker: EmbeddedKafka): Promise<void> {
  for (const request of broker.requests()) console.log(request)
}

export async function guarded(): Promise<void> {
  const broker = await startEmbeddedKafka({
    listener: { sasl: { users: { admin: 'admin-secret', alice: 'alice-secret' } } },
    authorizer: true,
    configs: { 'super.users': 'User:admin' },
  })
  const sasl = { mechanism: 'SCRAM-SHA-256', username: 'admin', password: 'admin-secret' } as const
  const admin = await connect({ bootstrapServers: broker.bootstrapServers, sasl })
  await admin.admin.acls.create([
    {
      resourceType: 'topic',
      resourceName: 'orders',
      patternType: 'literal',
      principal: 'User:alice',
      host: '*',
      operation: 'read',
      permission: 'allow',
    },
  ])
  await admin.close()
  await broker.close()
}
