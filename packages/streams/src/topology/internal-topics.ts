/** Kafka Streams' names of the topics that an application keeps for itself. */
export function changelogTopicOf(applicationId: string, store: string): string {
  return `${applicationId}-${store}-changelog`
}
