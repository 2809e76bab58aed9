/** Logins, ACLs, credentials and quotas, answered as Apache Kafka 4.3.1 answered them when they were recorded. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type EmbeddedKafka, startEmbeddedKafka } from '../../src/embedded-kafka.ts'
import { RawClient } from '../support/raw-client.ts'
import { type Guarded, logIn } from './security-scribe.ts'
import { SECURITY_SCRIPTS, SESSION_MS, runSecurityScript } from './security-scripts.ts'

const recorded = JSON.parse(readFileSync(new URL('apache-kafka-4-3-1.json', import.meta.url), 'utf8')) as Record<
  string,
  string[]
>

describe('security, as recorded from Apache Kafka 4.3.1', () => {
  let kafka: EmbeddedKafka
  let broker: Guarded

  beforeAll(async () => {
    kafka = await startEmbeddedKafka({
      authorizer: true,
      listener: { sasl: { users: { alice: 'alice-secret', admin: 'admin-secret' } } },
      configs: { 'super.users': 'User:admin', 'connections.max.reauth.ms': String(SESSION_MS) },
    })
    const { port } = kafka.addresses[0]!
    const admin = async (): Promise<RawClient> => {
      const client = await RawClient.open(port)
      await logIn(client, 'admin', 'admin-secret')
      return client
    }
    broker = { admin, saslPort: port, settleMs: 0 }
  })
  afterAll(() => kafka.close())

  test.each(SECURITY_SCRIPTS)('%s', async (title) => {
    expect(await runSecurityScript(broker, title, 'recorded')).toEqual(recorded[title])
  })
})
