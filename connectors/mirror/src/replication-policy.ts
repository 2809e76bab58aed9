/** How topics of one cluster are called on another, and which are whose: Java's ReplicationPolicy. */

const HEARTBEATS = 'heartbeats'
const MM2_SYNCS = 'mm2-offset-syncs'

export interface ReplicationPolicy {
  /** What a topic of the source is called on the target. */
  remoteTopic(sourceAlias: string, topic: string): string
  /** The cluster that the topic came from, as far as its name tells; null: it is at home here. */
  topicSource(topic: string): string | null
  /** What it is called there; null when it came from nowhere. */
  upstreamTopic(topic: string): string | null
  /** Of the mirrors themselves, or of Kafka: never mirrored. */
  isInternal(topic: string): boolean
  isHeartbeats(topic: string): boolean
  readonly heartbeatsTopic: string
  /** @param otherAlias of the cluster that this topic is not on */
  offsetSyncsTopic(otherAlias: string): string
  checkpointsTopic(sourceAlias: string): string
}

/** `us-east.orders` is the topic orders of the cluster us-east. */
export class DefaultReplicationPolicy implements ReplicationPolicy {
  readonly heartbeatsTopic = HEARTBEATS
  readonly #separator: string
  readonly #internalSeparator: string

  constructor(separator = '.', isInternalSeparated = true) {
    this.#separator = separator
    this.#internalSeparator = isInternalSeparated ? separator : '.'
  }

  remoteTopic(sourceAlias: string, topic: string): string {
    return sourceAlias + this.#separator + topic
  }

  topicSource(topic: string): string | null {
    const at = topic.indexOf(this.#separator)
    // What is nothing but separators behind the first one is no topic's name.
    const isSplit = at >= 0 && topic.slice(at).replaceAll(this.#separator, '') !== ''
    return isSplit ? topic.slice(0, at) : null
  }

  upstreamTopic(topic: string): string | null {
    const source = this.topicSource(topic)
    return source === null ? null : topic.slice(source.length + this.#separator.length)
  }

  isInternal(topic: string): boolean {
    const end = `${this.#internalSeparator}internal`
    const isOfMirrors =
      (topic.startsWith('mm2') && topic.endsWith(end)) || topic.endsWith(`${this.#internalSeparator}checkpoints${end}`)
    return isOfMirrors || topic.startsWith('__') || topic.startsWith('.')
  }

  isHeartbeats(topic: string): boolean {
    return originalTopic(this, topic) === HEARTBEATS
  }

  offsetSyncsTopic(otherAlias: string): string {
    return [MM2_SYNCS, otherAlias, 'internal'].join(this.#internalSeparator)
  }

  checkpointsTopic(sourceAlias: string): string {
    return [sourceAlias, 'checkpoints', 'internal'].join(this.#internalSeparator)
  }
}

/** Topics keep their names. Only heartbeats do not: otherwise nobody could tell whose they are. */
export class IdentityReplicationPolicy extends DefaultReplicationPolicy {
  readonly #sourceAlias: string

  constructor(sourceAlias: string, separator = '.', isInternalSeparated = true) {
    super(separator, isInternalSeparated)
    this.#sourceAlias = sourceAlias
  }

  override remoteTopic(sourceAlias: string, topic: string): string {
    return isLikeHeartbeats(topic) ? super.remoteTopic(sourceAlias, topic) : topic
  }

  override topicSource(topic: string): string | null {
    return isLikeHeartbeats(topic) ? super.topicSource(topic) : this.#sourceAlias
  }

  override upstreamTopic(topic: string): string | null {
    return isLikeHeartbeats(topic) ? super.upstreamTopic(topic) : topic
  }
}

function isLikeHeartbeats(topic: string): boolean {
  return topic.endsWith(HEARTBEATS)
}

/** What a topic is called where it is at home. */
export function originalTopic(policy: ReplicationPolicy, topic: string): string {
  const upstream = policy.upstreamTopic(topic)
  return upstream === null || upstream === topic ? topic : originalTopic(policy, upstream)
}

/** Whether a topic has come from this target already: mirrored, it would go round for ever. */
export function isCycle(policy: ReplicationPolicy, targetAlias: string, topic: string): boolean {
  const source = policy.topicSource(topic)
  if (source === null) return false
  if (source === targetAlias) return true
  const upstream = policy.upstreamTopic(topic)
  return upstream !== null && upstream !== topic && isCycle(policy, targetAlias, upstream)
}
