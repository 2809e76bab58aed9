/** What an implementation of the port, or of a broker behind it, is tested with. */
export {
  CONCURRENT_GROUPS,
  CONTRACT_GROUPS,
  LONE_GROUPS,
  type ContractGroup,
  type OpenKafka,
  type Test,
  portContract,
} from './port-contract.ts'
