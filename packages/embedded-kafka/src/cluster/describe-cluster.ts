import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { handler } from '../api/handler.ts'
import { NO_OPERATIONS } from './topic-facts.ts'

const BROKERS = 1
const CONTROLLERS = 2

/** The nodes, for admin clients (KIP-700). Asked for controllers, it says that it is a broker. */
export const describeCluster = handler({
  api: 'DescribeCluster',
  versions: [0, 2],
  handle({ body, client }, broker) {
    if (body.endpointType !== BROKERS) {
      const [error, sentence] =
        body.endpointType === CONTROLLERS
          ? (['MISMATCHED_ENDPOINT_TYPE', 'This is a broker: it cannot tell where the controllers listen.'] as const)
          : (['UNSUPPORTED_ENDPOINT_TYPE', `There is no endpoint type ${body.endpointType}.`] as const)
      return refusal(kafkaErrorCode(error), sentence)
    }
    return {
      errorCode: 0,
      clusterId: broker.clusterId,
      controllerId: broker.nodes.controller(),
      brokers: broker.nodes.alive().map(({ id, host, port }) => ({ brokerId: id, host, port, isFenced: false })),
      clusterAuthorizedOperations: body.includeClusterAuthorizedOperations
        ? broker.access.operations(client, 'CLUSTER', 'kafka-cluster')
        : NO_OPERATIONS,
    }
  },
  refuse: (_request, errorCode, errorMessage) => refusal(errorCode, errorMessage),
})

function refusal(errorCode: number, errorMessage: string | null) {
  return { errorCode, errorMessage, clusterId: '', brokers: [] }
}
