import { type ResponseInput, kafkaErrorCode } from '@sluice/kafka-protocol'
import { type BrokerRequest, handler } from '../api/handler.ts'
import type { Broker } from '../broker.ts'

type Coordinator = NonNullable<ResponseInput<'FindCoordinator'>['coordinators']>[number]

const KINDS = ['group', 'transaction'] as const
const COORDINATOR_NOT_AVAILABLE = kafkaErrorCode('COORDINATOR_NOT_AVAILABLE')
const INVALID_REQUEST = kafkaErrorCode('INVALID_REQUEST')
const DENIED = {
  group: kafkaErrorCode('GROUP_AUTHORIZATION_FAILED'),
  transaction: kafkaErrorCode('TRANSACTIONAL_ID_AUTHORIZATION_FAILED'),
} as const

/** Where a group or a transactional id is coordinated; from version 4 on for several at once (KIP-699). */
export const findCoordinator = handler({
  api: 'FindCoordinator',
  versions: [0, 6],
  handle(request, broker) {
    const { body, version } = request
    if (version >= 4) return { coordinators: body.coordinatorKeys.map((key) => find(key, request, broker)) }
    return alone(find(body.key, request, broker))
  },
  refuse({ body, version }, errorCode, message) {
    if (version < 4) return alone(nowhere('', errorCode, message))
    return { coordinators: body.coordinatorKeys.map((key) => nowhere(key, errorCode, message)) }
  },
})

function find(key: string, { body, client }: BrokerRequest<'FindCoordinator'>, broker: Broker): Coordinator {
  const kind = KINDS[body.keyType]
  // 2 is for share groups, which this broker does not have.
  if (kind === undefined) return nowhere(key, INVALID_REQUEST, `There is no coordinator of type ${body.keyType}.`)
  const resource = kind === 'group' ? 'GROUP' : 'TRANSACTIONAL_ID'
  if (!broker.access.may(client, 'DESCRIBE', resource, key)) return nowhere(key, DENIED[kind], null)
  const id = broker.nodes.coordinatorOf(kind, key)
  const node = broker.nodes.alive().find((one) => one.id === id)
  if (node === undefined) return nowhere(key, COORDINATOR_NOT_AVAILABLE, 'The coordinator is not available.')
  return { key, nodeId: node.id, host: node.host, port: node.port, errorCode: 0, errorMessage: '' }
}

function nowhere(key: string, errorCode: number, errorMessage: string | null): Coordinator {
  return { key, nodeId: -1, host: '', port: -1, errorCode, errorMessage }
}

/** The form of versions 0 to 3. */
function alone({ errorCode, errorMessage, nodeId, host, port }: Coordinator): ResponseInput<'FindCoordinator'> {
  return { errorCode, errorMessage: errorCode === 0 ? 'NONE' : (errorMessage ?? null), nodeId, host, port }
}
