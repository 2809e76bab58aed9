import type { Kafka } from '@sluice/kafka'
import { SluiceError } from '@sluice/sdk'
import { SHUTDOWN_REQUESTED, streamsAssignor } from '../assignment/streams-assignor.ts'
import type { StreamsSettings } from '../streams-settings.ts'
import type { Topology } from '../topology/topology.ts'

/**
 * Asks all instances of an application to stop, Kafka Streams' too (KIP-671): joins the group as one more member that says so. Whoever
 * leads it then assigns nothing to anybody, with the reason. Resolves when they have been told.
 * @throws SluiceError KAFKA_TIMEOUT when the others do not join in time
 */
export async function requestShutdown(
  kafka: Pick<Kafka, 'consumerMember'>,
  settings: StreamsSettings,
  { topology, topics }: { readonly topology: Topology; readonly topics: readonly string[] },
  processId: string,
): Promise<void> {
  const member = kafka.consumerMember({
    groupId: settings['application.id'],
    topics,
    sessionTimeoutMs: settings['session.timeout.ms'],
    heartbeatIntervalMs: settings['heartbeat.interval.ms'],
    assignors: [
      streamsAssignor({
        topology,
        processId,
        userEndPoint: null,
        standbys: 0,
        held: () => [],
        onAssignment: () => undefined,
        errorCode: SHUTDOWN_REQUESTED,
      }),
    ],
    hooks: { onAssigned: () => undefined, onLost: () => undefined },
  })
  try {
    await member.join()
  } finally {
    await member.close()
  }
}

/** What an instance ends with that was asked to. */
export function shutdownRequested(): SluiceError {
  return new SluiceError('INTERRUPTED', 'An instance of the application has asked all of them to stop', {
    remedy: 'See why in the logs of the one that asked: its uncaught exception was answered with SHUTDOWN_APPLICATION.',
  })
}
