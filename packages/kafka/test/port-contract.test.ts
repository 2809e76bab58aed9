/** The port's contract on the fake cluster that the fault tests use: what the fake gets wrong they would get wrong too. */
import { afterAll, beforeAll, describe, jest, test } from '@jest/globals'
import { connect } from '../src/index.ts'
import { CONTRACT_GROUPS, portContract } from '../src/testing/index.ts'
import { FakeCluster } from './fake/fake-cluster.ts'

jest.setTimeout(30_000)

/** What only a real broker checks: topic settings, sizes of metadata, names, times within a batch. */
const NEEDS_BROKER = [
  'a batch that the topic finds too large is split; one record too many is refused alone',
  'metadata of 4096 bytes is kept, and more is refused',
  'a topic that the broker refuses is an error that names it',
  'offsets are found by end and by time',
]

/** The fake cluster has no transactions and no groups. */
const { produce, fetch, offsets, admin, table, metrics } = CONTRACT_GROUPS

describe('the port, on a fake cluster of two brokers', () => {
  let cluster: FakeCluster
  beforeAll(async () => {
    cluster = await FakeCluster.start(2)
  })
  afterAll(() => cluster.stop())

  portContract(
    (name, body) => (NEEDS_BROKER.includes(name) ? undefined : test(name, body)),
    () => connect({ bootstrapServers: cluster.bootstrap, clientId: 'port-contract' }),
    [produce, fetch, offsets, admin, table, metrics],
  )
})
