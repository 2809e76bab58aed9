/** What an implementation of the port, or of a broker behind it, is tested with. */
export { type OpenKafka, type Test, portContract } from './port-contract.ts'
