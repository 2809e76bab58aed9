/** The port's contract on the embedded broker: three nodes, in memory. */
import { afterAll, beforeAll, describe, jest, test } from '@jest/globals'
import { connect } from '@sluice/kafka'
import { portContract } from '@sluice/kafka/testing'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { NOT_SERVED } from './support/not-served.ts'

jest.setTimeout(60_000)

describe('the port, on the embedded broker in memory', () => {
  let kafka: EmbeddedKafka
  beforeAll(async () => {
    kafka = await startEmbeddedKafka({ nodes: 3 })
  })
  afterAll(() => kafka.close())

  portContract(
    (name, body) => (NOT_SERVED.has(name) ? undefined : test(name, body)),
    () => connect({ bootstrapServers: kafka.bootstrapServers, clientId: 'port-contract' }),
  )
})
