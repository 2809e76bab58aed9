import type { Setting, SettingType } from './setting.ts'

/**
 * What this broker has of Kafka's broker settings: name, type, default, `dynamic` where it can be altered at run time, what it
 * does. Defaults are Kafka's, but for those of a developer's machine, which are marked with `!`.
 */
const LINES = `
node.id | int | 1 | | The id of this node.
listeners | list | PLAINTEXT://127.0.0.1:9092 | | Where the nodes listen.
advertised.listeners | list | | | Where clients are told to connect to.
log.dirs | list | | | Where logs and metadata live; nothing when they are kept in memory.
auto.create.topics.enable | boolean | true | | Whether asking for a topic that does not exist creates it.
delete.topic.enable | boolean | true | | Whether topics can be deleted.
num.partitions | int 1- | 1 | | Partitions of a topic that is created without a number of them.
default.replication.factor | short 1- | 1 | | Replicas of a topic that is created without a number of them; this broker keeps one.
min.insync.replicas | int 1- | 1 | dynamic | Replicas that must have a record before it is acknowledged with acks=all.
unclean.leader.election.enable | boolean | false | dynamic | Whether a replica that lags may lead; without meaning where there is one replica.
compression.type | string uncompressed,zstd,lz4,snappy,gzip,producer | producer | dynamic | How topics store batches, unless they say otherwise.
message.max.bytes | int 0- | 1048588 | dynamic | The largest batch that topics take, unless they say otherwise.
log.cleanup.policy | list delete,compact | delete | dynamic | What becomes of old segments, unless a topic says otherwise.
log.segment.bytes | int 1048576- | 1073741824 | dynamic | Size of a segment.
log.roll.ms | long 1- | | dynamic | Age at which a segment is closed; takes precedence over the hours.
log.roll.hours | int 1- | 168 | | Age at which a segment is closed.
log.roll.jitter.ms | long 0- | | dynamic | Spread of that age; takes precedence over the hours.
log.roll.jitter.hours | int 0- | 0 | | Spread of that age.
log.retention.bytes | long | -1 | dynamic | Size that a partition is kept within; -1: no limit.
log.retention.ms | long -1- | | dynamic | Time that records are kept; takes precedence over minutes and hours; -1: for ever.
log.retention.minutes | int | | | Time that records are kept; takes precedence over hours.
log.retention.hours | int | 168 | | Time that records are kept.
log.retention.check.interval.ms | long 1- | 300000 | | How often retention is applied.
log.segment.delete.delay.ms | long 0- | 60000 | dynamic | How long a removed segment stays on disk.
log.index.interval.bytes | int 0- | 4096 | dynamic | Distance between entries of an index.
log.index.size.max.bytes | int 4- | 10485760 | dynamic | Largest size of an index.
log.flush.interval.messages | long 1- | 9223372036854775807 | dynamic | Records after which a log is flushed to disk.
log.flush.interval.ms | long | | dynamic | Time after which a log is flushed to disk.
log.preallocate | boolean | false | dynamic | Whether segments take their space at once.
log.message.timestamp.type | string CreateTime,LogAppendTime | CreateTime | dynamic | Whose clock the timestamp of a record is from.
log.message.timestamp.before.max.ms | long 0- | 9223372036854775807 | dynamic | How far a timestamp may be behind the broker's clock.
log.message.timestamp.after.max.ms | long 0- | 3600000 | dynamic | How far a timestamp may be ahead of the broker's clock.
log.cleaner.enable | boolean | true | | Whether topics are compacted.
log.cleaner.backoff.ms | long 0- | 15000 | dynamic | How often the cleaner looks for something to do.
log.cleaner.threads | int 0- | 1 | dynamic | Threads of the cleaner; it runs on the event loop here.
log.cleaner.min.cleanable.ratio | double 0-1 | 0.5 | dynamic | Part of a log that must be dirty before it is compacted.
log.cleaner.delete.retention.ms | long 0- | 86400000 | dynamic | How long a tombstone is kept after compaction.
log.cleaner.min.compaction.lag.ms | long 0- | 0 | dynamic | How long a record is left alone by compaction.
log.cleaner.max.compaction.lag.ms | long 1- | 9223372036854775807 | dynamic | How long a record may be out of compaction's reach.
log.local.retention.bytes | long -2- | -2 | dynamic | Without meaning where there is no remote storage.
log.local.retention.ms | long -2- | -2 | dynamic | Without meaning where there is no remote storage.
compression.gzip.level | int | -1 | dynamic | Level of gzip where the broker compresses.
compression.lz4.level | int 1-17 | 9 | dynamic | Level of lz4 where the broker compresses.
compression.zstd.level | int -131072-22 | 3 | dynamic | Level of zstd where the broker compresses.
producer.id.expiration.ms | int 1- | 86400000 | dynamic | How long a partition remembers a producer that is silent.
fetch.max.bytes | int 1024- | 57671680 | | Most bytes of one answer to Fetch.
max.incremental.fetch.session.cache.slots | int 0- | 1000 | | Fetch sessions that are remembered.
max.request.partition.size.limit | int 1- | 2000 | | Most partitions of one answer to DescribeTopicPartitions.
socket.request.max.bytes | int 1- | 104857600 | | Largest request that is read.
socket.listen.backlog.size | int 1- | 50 | | Connections that may wait to be accepted.
queued.max.requests | int 1- | 500 | | Requests that may wait for an answer.
queued.max.request.bytes | long | -1 | | Bytes of requests that may wait for an answer; -1: no limit.
max.connections | int 0- | 2147483647 | dynamic | Most connections.
max.connections.per.ip | int 0- | 2147483647 | dynamic | Most connections from one address.
max.connection.creation.rate | int 0- | 2147483647 | dynamic | Most new connections in a second.
connections.max.idle.ms | long | 600000 | | How long a silent connection is kept.
connections.max.reauth.ms | long | 0 | | How long a login counts; 0: as long as the connection.
connection.failed.authentication.delay.ms | int 0- | 100 | | How late a failed login is told.
num.network.threads | int 1- | 3 | dynamic | Without meaning here: there is one event loop.
num.io.threads | int 1- | 8 | dynamic | Without meaning here: there is one event loop.
background.threads | int 1- | 10 | dynamic | Without meaning here: there is one event loop.
quota.window.num | int 1- | 11 | | Samples that quotas are measured over.
quota.window.size.seconds | int 1- | 1 | | Length of such a sample.
offset.metadata.max.bytes | int | 4096 | | Largest metadata of a committed offset.
offsets.retention.minutes | int 1- | 10080 | | How long offsets of an empty group are kept.
offsets.retention.check.interval.ms | long 1- | 600000 | | How often expired offsets are looked for.
offsets.commit.timeout.ms | int 1- | 5000 | | How long a commit of offsets may take.
offsets.topic.num.partitions | int 1- | 5 ! | | Partitions of __consumer_offsets.
offsets.topic.replication.factor | short 1- | 1 ! | | Replicas of __consumer_offsets.
offsets.topic.segment.bytes | int 1- | 104857600 | | Size of a segment of __consumer_offsets.
offsets.topic.compression.codec | int | 0 | | How __consumer_offsets is compressed; 0: not.
group.initial.rebalance.delay.ms | int | 0 ! | | How long the first rebalance of an empty group waits for more members.
group.min.session.timeout.ms | int | 6000 | | Shortest session of a member.
group.max.session.timeout.ms | int | 1800000 | | Longest session of a member.
group.max.size | int 1- | 2147483647 | | Most members of a group.
group.coordinator.rebalance.protocols | list | classic,consumer | | Protocols of groups that are served.
group.consumer.assignors | list | uniform,range | | Assignors of the consumer protocol.
group.consumer.assignment.interval.ms | int 0- | 0 ! | dynamic | Shortest time between two assignments of a group.
group.consumer.heartbeat.interval.ms | int 1- | 5000 | | Interval of heartbeats of the consumer protocol.
group.consumer.min.heartbeat.interval.ms | int 1- | 5000 | | The least that a group may set it to.
group.consumer.max.heartbeat.interval.ms | int 1- | 15000 | | The most that a group may set it to.
group.consumer.session.timeout.ms | int 1- | 45000 | | Session of a member of the consumer protocol.
group.consumer.min.session.timeout.ms | int 1- | 45000 | | The least that a group may set it to.
group.consumer.max.session.timeout.ms | int 1- | 60000 | | The most that a group may set it to.
group.consumer.max.size | int 1- | 2147483647 | | Most members of a group of the consumer protocol.
group.consumer.migration.policy | string upgrade,downgrade,bidirectional,disabled | bidirectional | | Which protocol a group may change to while it has members.
transaction.max.timeout.ms | int 1- | 900000 | | Longest time-out that a transactional producer may ask for.
transaction.abort.timed.out.transaction.cleanup.interval.ms | int 1- | 10000 | | How often transactions that took too long are looked for.
transaction.remove.expired.transaction.cleanup.interval.ms | int 1- | 3600000 | | How often unused transactional ids are looked for.
transactional.id.expiration.ms | int 1- | 604800000 | | How long an unused transactional id is remembered.
transaction.partition.verification.enable | boolean | true | dynamic | Whether batches for partitions that were not added to a transaction are refused.
transaction.two.phase.commit.enable | boolean | false | | Whether producers may prepare transactions without a time-out; not served here.
transaction.state.log.num.partitions | int 1- | 5 ! | | Partitions of __transaction_state.
transaction.state.log.replication.factor | short 1- | 1 ! | | Replicas of __transaction_state.
transaction.state.log.min.isr | int 1- | 1 ! | | In-sync replicas that __transaction_state needs.
transaction.state.log.segment.bytes | int 1- | 104857600 | | Size of a segment of __transaction_state.
add.partitions.to.txn.retry.backoff.ms | int 1- | 20 | | Pause before a partition is added to a transaction again, while the one before ends.
add.partitions.to.txn.retry.backoff.max.ms | int 0- | 100 | | How long that is tried before the producer is asked to.
authorizer.class.name | string | | | Who decides what a client may do; nothing: anybody may do anything.
super.users | list | | | Principals that may do anything.
allow.everyone.if.no.acl.found | boolean | false | | Whether what no ACL is about is open to all.
sasl.enabled.mechanisms | list | | | SASL mechanisms that are offered.
ssl.client.auth | string none,requested,required | none | | Whether clients show certificates.
ssl.keystore.password | password | | | The password of the key.
`

/** Settings of groups (KIP-848) and the broker setting that is their default. Limits stand in broker settings of their own. */
const GROUP_LINES = `
consumer.session.timeout.ms | int 1- | 45000 | dynamic | Session of a member of this group.
consumer.heartbeat.interval.ms | int 1- | 5000 | dynamic | Interval of heartbeats of this group.
consumer.assignment.interval.ms | int 0- | 0 | dynamic | Shortest time between two assignments of this group.
`

export const BROKER_SETTINGS: ReadonlyMap<string, Setting> = parse(LINES)
export const GROUP_SETTINGS: ReadonlyMap<string, Setting> = parse(GROUP_LINES)

function parse(lines: string): ReadonlyMap<string, Setting> {
  const settings = new Map<string, Setting>()
  for (const line of lines.trim().split('\n')) {
    const [name, type, value, isDynamic, documentation] = line.split('|').map((part) => part.trim())
    const [word, limits] = type!.split(' ')
    settings.set(name!, {
      name: name!,
      type: word as SettingType,
      default: value === '' ? (word === 'list' ? '' : null) : value!.replace(/ !$/, ''),
      documentation: documentation!,
      isDynamic: isDynamic === 'dynamic',
      ...limitsOf(limits),
    })
  }
  return settings
}

function limitsOf(text: string | undefined): Pick<Setting, 'range' | 'choices'> {
  if (text === undefined) return {}
  const range = /^(-?[\d.]+)-([\d.]+)?$/.exec(text)
  if (range === null) return { choices: text.split(',') }
  return { range: [Number(range[1]), range[2] === undefined ? Number.POSITIVE_INFINITY : Number(range[2])] }
}
