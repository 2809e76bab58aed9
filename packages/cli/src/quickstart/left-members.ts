import type { Kafka } from '@sluice/kafka'

/**
 * Puts members out of the groups: whoever has the folder is alone, so they are of a run that was killed, and nobody needs to wait until
 * their sessions are over.
 */
export async function removeLeftMembers(kafka: Kafka, groups: readonly string[]): Promise<void> {
  const present = (await kafka.admin.groups.list()).filter(({ groupId }) => groups.includes(groupId))
  for (const { groupId } of present) await kafka.admin.groups.removeMembers(groupId, 'all', 'its process was killed')
}
