/** The port's contract on the embedded broker: three nodes, in memory. Its cases wait most of their time, so they run side by side. */
import { afterAll, describe, jest, test } from '@jest/globals'
import { type Kafka, connect } from '@sluice/kafka'
import { CONCURRENT_GROUPS, LONE_GROUPS, portContract } from '@sluice/kafka/testing'
import { startEmbeddedKafka } from '@sluice/embedded-kafka'

jest.setTimeout(60_000)

// Concurrent tests begin before `beforeAll` has ended.
const starting = startEmbeddedKafka({ nodes: 3 })

describe('the port, on the embedded broker in memory', () => {
  afterAll(async () => (await starting).close())

  const open = async (): Promise<Kafka> => {
    const { bootstrapServers } = await starting
    return connect({ bootstrapServers, clientId: 'port-contract' })
  }
  portContract(test.concurrent, open, CONCURRENT_GROUPS)
  portContract(test, open, LONE_GROUPS)
})
