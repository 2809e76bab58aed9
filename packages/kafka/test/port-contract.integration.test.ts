/** The port on a real Kafka: `SLUICE_TEST_KAFKA` names it. */
import { describe, jest, test } from '@jest/globals'
import { connect } from '../src/index.ts'
import { portContract } from '../src/testing/index.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
if (address === '') console.warn('SLUICE_TEST_KAFKA is not set: the port contract is not tested against a broker')
const onKafka = address === '' ? describe.skip : describe
jest.setTimeout(60_000)

onKafka('the port, on Apache Kafka (needs SLUICE_TEST_KAFKA)', () => {
  portContract(test, () => connect({ bootstrapServers: address, clientId: 'port-contract' }))
})
