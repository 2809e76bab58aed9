import { KAFKA_ERROR, refused } from '../kafka-errors.ts'
import { operationsOf } from './acl-words.ts'
import { type AdminRequests, valuesOf } from './admin-requests.ts'
import type { ClusterAdmin, ClusterDescription, FeatureLevels, FeatureUpdate, LogDir, Outcome } from './admin-port.ts'

const UPGRADE_TYPES = { upgrade: 1, 'safe-downgrade': 2, 'unsafe-downgrade': 3 } as const

export class WholeCluster implements ClusterAdmin {
  readonly #requests: AdminRequests

  constructor(requests: AdminRequests) {
    this.#requests = requests
  }

  describe({
    authorizedOperations = false,
  }: { readonly authorizedOperations?: boolean } = {}): Promise<ClusterDescription> {
    return this.#requests.once('describe the cluster', async () => {
      const connection = await this.#requests.any()
      const version = connection.version('DescribeCluster')
      const body = { includeClusterAuthorizedOperations: authorizedOperations }
      const answer = await connection.send('DescribeCluster', version, body)
      const { errorCode, errorMessage, clusterId, controllerId, brokers } = answer
      if (errorCode !== KAFKA_ERROR.NONE) throw refused(errorCode, 'Cannot describe the cluster', {}, errorMessage)
      return {
        clusterId,
        controllerId,
        brokers: brokers
          .map(({ brokerId: id, host, port, rack }) => ({ id, host, port, rack }))
          .toSorted((a, b) => a.id - b.id),
        authorizedOperations: operationsOf(answer.clusterAuthorizedOperations),
      }
    })
  }

  logDirs(brokers?: readonly number[]): Promise<readonly Outcome<number, readonly Outcome<string, LogDir>[]>[]> {
    const what = 'describe log directories'
    return this.#requests.ofBrokers(
      what,
      async (connection) => {
        const version = connection.version('DescribeLogDirs')
        const { errorCode, results } = await connection.send('DescribeLogDirs', version, { topics: null })
        if (errorCode !== KAFKA_ERROR.NONE) throw refused(errorCode, `Cannot ${what}`)
        return results.map((found): Outcome<string, LogDir> => {
          const { logDir: path, totalBytes, usableBytes } = found
          const replicas = found.topics.flatMap(({ name: topic, partitions }) =>
            partitions.map(({ partitionIndex: partition, partitionSize, offsetLag, isFutureKey: isFuture }) => ({
              topic,
              partition,
              sizeBytes: Number(partitionSize),
              offsetLag: Number(offsetLag),
              isFuture,
            })),
          )
          if (found.errorCode !== KAFKA_ERROR.NONE) {
            return { item: path, value: null, error: refused(found.errorCode, `Cannot read ${path}`, { path }) }
          }
          const value = { path, totalBytes: Number(totalBytes), usableBytes: Number(usableBytes), replicas }
          return { item: path, value, error: null }
        })
      },
      brokers,
    )
  }

  features(): Promise<FeatureLevels> {
    return this.#requests.once('describe features', async () => {
      const connection = await this.#requests.any()
      const body = { clientSoftwareName: 'sluice', clientSoftwareVersion: '0.1.0' }
      const answer = await connection.send('ApiVersions', connection.version('ApiVersions', { lowest: 3 }), body)
      const { errorCode, supportedFeatures, finalizedFeatures } = answer
      if (errorCode !== KAFKA_ERROR.NONE) throw refused(errorCode, 'Cannot describe features')
      return {
        supported: Object.fromEntries(
          supportedFeatures.map(({ name, minVersion: min, maxVersion: max }) => [name, { min, max }]),
        ),
        finalized: Object.fromEntries(finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel])),
      }
    })
  }

  async updateFeatures(
    updates: readonly FeatureUpdate[],
    { validateOnly = false }: { readonly validateOnly?: boolean } = {},
  ): Promise<void> {
    await this.#requests.once('update features', async (deadline) => {
      const connection = await this.#requests.controller()
      const answer = await connection.send('UpdateFeatures', connection.version('UpdateFeatures', { lowest: 1 }), {
        timeoutMs: deadline.remainingMs,
        featureUpdates: updates.map(({ feature, level, kind = 'upgrade' }) => ({
          feature,
          maxVersionLevel: level,
          upgradeType: UPGRADE_TYPES[kind],
        })),
        validateOnly,
      })
      const { errorCode, errorMessage, results } = answer
      if (errorCode !== KAFKA_ERROR.NONE) throw refused(errorCode, 'Cannot update features', {}, errorMessage)
      valuesOf(
        results.map(({ feature, errorCode: code, errorMessage: message }): Outcome<string> => {
          if (code === KAFKA_ERROR.NONE) return { item: feature, value: undefined, error: null }
          const error = refused(code, `Cannot update feature ${feature}`, { feature }, message)
          return { item: feature, value: null, error }
        }),
      )
    })
  }
}
