import type { Kafka } from '@sluice/kafka'
import type { Clock } from '@sluice/sdk'
import { nameOfTask } from '../../assignment/task-id.ts'
import type { RecoveryParts } from '../../assignment/streams-assignor.ts'
import type { StreamsSettings } from '../../streams-settings.ts'
import { changelogTopicOf } from '../../topology/internal-topics.ts'
import type { Topology } from '../../topology/topology.ts'
import { keyOf } from '../partition-key.ts'

/** What the group's leader has to know to let tasks go only where their state is. */
export function recoveryOf(
  settings: StreamsSettings,
  topology: Topology,
  kafka: Pick<Kafka, 'admin'>,
  clock: Clock,
): RecoveryParts {
  return {
    acceptableLag: settings['acceptable.recovery.lag'],
    warmUpsMax: settings['max.warmup.replicas'],
    nextRebalanceMs: () => clock.now() + settings['probing.rebalance.interval.ms'],
    async ends(tasks) {
      const places = tasks.flatMap((task) => {
        const stores = topology.subtopologies[task.subtopology]?.stores ?? []
        return stores
          .filter(({ definition, sourceTopic }) => sourceTopic === undefined && definition.logging !== null)
          .map(({ definition: { name } }) => {
            const topic = changelogTopicOf(settings['application.id'], name)
            return { task: nameOfTask(task), topic, partition: task.partition }
          })
      })
      const found = await kafka.admin.listOffsets(
        places.map(({ topic, partition }) => ({ topic, partition })),
        'latest',
      )
      const ends = new Map(found.map((one) => [keyOf(one), one.offset]))
      const sums = new Map<string, number>()
      for (const place of places) sums.set(place.task, (sums.get(place.task) ?? 0) + (ends.get(keyOf(place)) ?? 0))
      return sums
    },
  }
}
