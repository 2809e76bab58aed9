/** The port's contract on the embedded broker: one node, on disk. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, jest, test } from '@jest/globals'
import { connect } from '@sluice/kafka'
import { portContract } from '@sluice/kafka/testing'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { NOT_SERVED } from './support/not-served.ts'

jest.setTimeout(60_000)

describe('the port, on the embedded broker on disk', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'embedded-kafka-'))
  let kafka: EmbeddedKafka
  beforeAll(async () => {
    kafka = await startEmbeddedKafka({ dataDir })
  })
  afterAll(async () => {
    await kafka.close()
    rmSync(dataDir, { recursive: true, force: true })
  })

  portContract(
    (name, body) => (NOT_SERVED.has(name) ? undefined : test(name, body)),
    () => connect({ bootstrapServers: kafka.bootstrapServers, clientId: 'port-contract' }),
  )
})
