/** The port on the Kafka that `SLUICE_TEST_KAFKA` names. Its cases wait most of their time, so they run side by side. */
import { describe, jest, test } from '@jest/globals'
import { type Kafka, connect } from '../src/index.ts'
import { CONCURRENT_GROUPS, LONE_GROUPS, portContract } from '../src/testing/index.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
if (address === '') console.warn('SLUICE_TEST_KAFKA is not set: the port contract is not tested against a broker')
const onKafka = address === '' ? describe.skip : describe
jest.setTimeout(60_000)

onKafka('the port, on a Kafka of its own process (needs SLUICE_TEST_KAFKA)', () => {
  const open = (): Promise<Kafka> => connect({ bootstrapServers: address, clientId: 'port-contract' })
  portContract(test.concurrent, open, CONCURRENT_GROUPS)
  portContract(test, open, LONE_GROUPS)
})
