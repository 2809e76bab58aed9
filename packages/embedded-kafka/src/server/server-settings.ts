/** Settings of the server and the record path by Kafka's names. Defaults are Kafka's, bounded for one machine where Kafka has no bound. */
export const SERVER_SETTINGS: Readonly<Record<string, string>> = {
  'auto.create.topics.enable': 'true',
  'connections.max.idle.ms': '600000',
  'fetch.max.bytes': '57671680',
  'max.connections': '10000',
  'max.incremental.fetch.session.cache.slots': '1000',
  'max.request.partition.size.limit': '2000',
  'num.partitions': '1',
  'queued.max.request.bytes': '268435456',
  'socket.request.max.bytes': '104857600',
}
