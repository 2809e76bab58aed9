import { handler } from '../api/handler.ts'
import type { Broker } from '../broker.ts'
import { RELEASES } from '../api/releases.ts'

/** KIP-511: what a client may call itself. */
const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

/** What the broker speaks, and which features the cluster has finalised (KIP-584). */
export const apiVersions = handler({
  api: 'ApiVersions',
  versions: [0, 4],
  handle({ body, client, version }, broker) {
    const { clientSoftwareName: name, clientSoftwareVersion } = body
    if (version >= 3) {
      if (!SOFTWARE.test(name) || !SOFTWARE.test(clientSoftwareVersion)) return { errorCode: 42, apiKeys: [] }
      client.software.name = name
      client.software.version = clientSoftwareVersion
    }
    const apiKeys = [...broker.offered()].map(([apiKey, [minVersion, maxVersion]]) => ({
      apiKey,
      minVersion,
      maxVersion,
    }))
    return { errorCode: 0, apiKeys, ...features(broker, version), finalizedFeaturesEpoch: 1 }
  },
  refuse: (_request, errorCode) => ({ errorCode, apiKeys: [] }),
})

function features(broker: Broker, version: number) {
  const known = RELEASES[broker.release].features
  // Clients of version 3 take a lowest level of 0 for an error.
  const supported = version >= 4 ? known : known.filter(({ lowest }) => lowest > 0)
  return {
    supportedFeatures: supported.map(({ name, lowest, highest }) => ({
      name,
      minVersion: lowest,
      maxVersion: highest,
    })),
    finalizedFeatures: known
      .map(({ name }) => ({ name, level: broker.feature(name) }))
      .filter(({ level }) => level > 0)
      .map(({ name, level }) => ({ name, maxVersionLevel: level, minVersionLevel: level })),
  }
}
