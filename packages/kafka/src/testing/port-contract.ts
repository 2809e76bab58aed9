/**
 * What the port promises, as tests: run them for every broker that stands behind it. No test runner of its own, it takes the
 * runner's `test`; each test makes its own topics and deletes them.
 *
 * ```ts
 * portContract(test, () => connect({ bootstrapServers: 'localhost:9092' }))
 * ```
 */
import type { Kafka } from '../port.ts'
import { adminClusterContract } from './admin-cluster-contract.ts'
import { adminConfigsContract } from './admin-configs-contract.ts'
import { adminContract } from './admin-contract.ts'
import { adminConsumerGroupsContract, adminGroupsContract } from './admin-groups-contract.ts'
import { adminTopicsContract } from './admin-topics-contract.ts'
import { blockedMemberContract } from './blocked-member-contract.ts'
import { committedContract } from './committed-contract.ts'
import { consumerContract } from './consumer-contract.ts'
import { epochContract } from './epoch-contract.ts'
import { fetchContract } from './fetch-contract.ts'
import { metricsContract } from './metrics-contract.ts'
import { groupContract } from './group-contract.ts'
import { memberOffsetsContract } from './member-offsets-contract.ts'
import { offsetsContract } from './offsets-contract.ts'
import { produceContract } from './produce-contract.ts'
import { produceRefusalContract } from './produce-refusal-contract.ts'
import { PortFixture } from './port-fixture.ts'
import { positionContract } from './position-contract.ts'
import { staticMemberContract } from './static-member-contract.ts'
import { tableContract } from './table-contract.ts'
import { transactionContract } from './transaction-contract.ts'
import { transactionFailureContract } from './transaction-failure-contract.ts'
import { transactionFencingContract } from './transaction-fencing-contract.ts'
import { transactionMemberContract } from './transaction-member-contract.ts'
import { transactionOffsetsContract } from './transaction-offsets-contract.ts'

/** A test runner's `test`. Tests end by themselves within thirty seconds. */
export type Test = (name: string, body: () => Promise<void>) => unknown

/** Opens a client of the cluster under test; the contract closes it. */
export type OpenKafka = () => Promise<Kafka>

const PATIENCE_MS = 30_000

/** Declares the tests of one part of the port. */
export type ContractGroup = (test: WithKafka) => void

/** The parts, for brokers that cannot do everything. */
export const CONTRACT_GROUPS = {
  produce: produceContract,
  produceRefusals: produceRefusalContract,
  transactions: transactionContract,
  transactionFailures: transactionFailureContract,
  transactionOffsets: transactionOffsetsContract,
  transactionMembers: transactionMemberContract,
  transactionFencing: transactionFencingContract,
  fetch: fetchContract,
  positions: positionContract,
  committed: committedContract,
  offsets: offsetsContract,
  groups: groupContract,
  staticMembers: staticMemberContract,
  memberOffsets: memberOffsetsContract,
  blockedMembers: blockedMemberContract,
  consumers: consumerContract,
  epochMembers: epochContract,
  admin: adminContract,
  adminTopics: adminTopicsContract,
  adminConfigs: adminConfigsContract,
  adminGroups: adminGroupsContract,
  adminConsumerGroups: adminConsumerGroupsContract,
  adminCluster: adminClusterContract,
  table: tableContract,
  metrics: metricsContract,
} as const satisfies Readonly<Record<string, ContractGroup>>

/** Groups whose cases may run side by side: they wait for a broker most of their time. */
export const CONCURRENT_GROUPS: readonly ContractGroup[] = Object.values(CONTRACT_GROUPS).filter(
  (group) => group !== blockedMemberContract,
)
/** Groups whose cases want the process for themselves. */
export const LONE_GROUPS: readonly ContractGroup[] = [blockedMemberContract]

/** Declares the tests of these groups; by default of all. */
export function portContract(
  test: Test,
  openKafka: OpenKafka,
  groups: readonly ContractGroup[] = Object.values(CONTRACT_GROUPS),
): void {
  const withKafka: WithKafka = (name, body) => {
    test(name, async () => {
      const fixture = new PortFixture(await openKafka(), openKafka)
      try {
        await within(name, body(fixture))
      } finally {
        await fixture.dispose()
      }
    })
  }
  for (const group of groups) group(withKafka)
}

/** Declares a test that gets a cluster. */
export type WithKafka = (name: string, body: (fixture: PortFixture) => Promise<void>) => void

async function within(what: string, work: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(() => reject(new Error(`not done within ${PATIENCE_MS} ms: ${what}`)), PATIENCE_MS)
  try {
    await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
