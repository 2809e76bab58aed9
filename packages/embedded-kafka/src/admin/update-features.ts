import { ApiError, type BrokerRequest, handler } from '../api/handler.ts'
import type { Broker } from '../broker.ts'
import { RELEASES } from '../api/releases.ts'

/** KIP-584. Features are those of the emulated release and stay what they are; to ask for what is there already is fine. */
export const updateFeatures = handler({
  api: 'UpdateFeatures',
  versions: [0, 2],
  handle({ body, client, version }, broker) {
    if (!broker.access.may(client, 'ALTER', 'CLUSTER', 'kafka-cluster')) {
      throw new ApiError('CLUSTER_AUTHORIZATION_FAILED')
    }
    for (const update of body.featureUpdates) check(broker, update)
    const results = body.featureUpdates.map(({ feature }) => ({ feature, errorCode: 0 }))
    return { errorCode: 0, results: version < 2 ? results : [] }
  },
  refuse: (_, errorCode, errorMessage) => ({ errorCode, errorMessage, results: [] }),
})

function check(
  broker: Broker,
  { feature, maxVersionLevel }: BrokerRequest<'UpdateFeatures'>['body']['featureUpdates'][number],
): void {
  const refuse = (reason: string): never => {
    throw new ApiError(
      'INVALID_UPDATE_VERSION',
      `The update failed for all features since the following feature had an error: Invalid update version ${maxVersionLevel} for feature ${feature}. ${reason}`,
    )
  }
  const known = RELEASES[broker.release].features.find(({ name }) => name === feature)
  if (known === undefined) return refuse('This broker does not support this feature.')
  if (maxVersionLevel < known.lowest || maxVersionLevel > known.highest) {
    refuse(`This broker only supports versions ${known.lowest}-${known.highest}.`)
  }
  if (maxVersionLevel !== known.finalised) refuse('Start the embedded broker with another release to emulate instead.')
}
