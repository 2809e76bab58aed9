/** What was said about security survives the broker's process. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { type AclBinding, type Kafka, type SaslConfig, connect } from '@sluice/kafka'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'embedded-kafka-'))
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

const start = (): Promise<EmbeddedKafka> =>
  startEmbeddedKafka({
    dataDir,
    authorizer: true,
    configs: { 'super.users': 'User:admin' },
    listener: { sasl: { users: { admin: 'admin-secret' } } },
  })

function open({ bootstrapServers }: EmbeddedKafka, sasl: SaslConfig): Promise<Kafka> {
  return connect({ bootstrapServers, sasl })
}
const ADMIN: SaslConfig = { mechanism: 'PLAIN', username: 'admin', password: 'admin-secret' }
const ALICE: SaslConfig = { mechanism: 'SCRAM-SHA-256', username: 'alice', password: 'alice-secret' }

const binding: AclBinding = {
  resourceType: 'topic',
  resourceName: 'orders',
  patternType: 'literal',
  principal: 'User:alice',
  host: '*',
  operation: 'describe',
  permission: 'allow',
}

test('users, ACLs and quotas', async () => {
  {
    await using broker = await start()
    const kafka = await open(broker, ADMIN)
    const { admin } = kafka
    await admin.quotas.alterScramUsers([{ user: 'alice', mechanism: 'SCRAM-SHA-256', password: 'alice-secret' }])
    await admin.acls.create([binding])
    await admin.quotas.alter([{ entity: { user: null, 'client-id': 'a' }, limits: { producer_byte_rate: 1000 } }])
    await admin.ensureTopics([
      { topic: 'orders', partitions: 1 },
      { topic: 'secrets', partitions: 1 },
    ])
    await kafka.close()
  }
  await using broker = await start()
  const kafka = await open(broker, ADMIN)
  expect(await kafka.admin.acls.describe()).toEqual([binding])
  expect(await kafka.admin.quotas.describe()).toEqual([
    { entity: { user: null, 'client-id': 'a' }, limits: { producer_byte_rate: 1000 } },
  ])
  const alices = await open(broker, ALICE)
  expect(await alices.admin.topics.list()).toEqual(['orders'])
  await kafka.close()
  await alices.close()
})

test('of a password only what checks it is kept, and only its owner may read that', async () => {
  await using broker = await start()
  const kafka = await open(broker, ADMIN)
  await kafka.admin.quotas.alterScramUsers([{ user: 'alice', mechanism: 'SCRAM-SHA-256', password: 'alice-secret' }])
  const file = path.join(dataDir, 'scram-credentials.json')
  expect(statSync(file).mode & 0o077).toBe(0)
  expect(readFileSync(file, 'utf8')).not.toContain('secret')
  await kafka.close()
})
