import type { Admin } from '@sluice/kafka'
import { SluiceError, type Clock } from '@sluice/sdk'
import { quarantineTopicOf, type StreamsSettings } from '../../streams-settings.ts'
import type { RecordLimits } from '../../record-path/sink-step.ts'
import { changelogTopicOf } from '../../topology/internal-topics.ts'
import type { Topology } from '../../topology/topology.ts'
import { recordLimits } from './record-limits.ts'

interface MissingTopic {
  readonly topic: string
  readonly node: string
}

/** Whoever asks why nothing could be written does not wait for long. */
const ASK_MS = 5_000

/** Where records go that fail or that a gate refuses, each with a node that sends some there. */
export function quarantineTopics(topology: Topology, settings: StreamsSettings): ReadonlyMap<string, string> {
  const topics = new Map<string, string>()
  for (const { operator, name } of topology.processors)
    for (const topic of operator.divertsTo ?? []) topics.set(topic, name)
  for (const { quarantine, name } of topology.sources) topics.set(quarantine ?? quarantineTopicOf(settings), name)
  return topics
}

/** The topics that an application writes, and which of its nodes does: for whoever has to say that one is not there. */
export class WrittenTopics {
  readonly #writers = new Map<string, string>()
  /** Written if something goes wrong. */
  readonly #quarantines: ReadonlyMap<string, string>

  /** @param topology the application's: see `Topology.forApplication` */
  constructor(topology: Topology, settings: StreamsSettings) {
    for (const { topic, name } of topology.sinks) if (typeof topic === 'string') this.add(topic, name)
    for (const { definition, sourceTopic, isGlobal } of topology.stores.values())
      if (sourceTopic === undefined && isGlobal !== true && definition.logging !== null)
        this.add(changelogTopicOf(settings['application.id'], definition.name), definition.name)
    this.#quarantines = quarantineTopics(topology, settings)
  }

  /** One that a sink's function has chosen. */
  add(topic: string, node: string): void {
    if (!this.#writers.has(topic)) this.#writers.set(topic, node)
  }

  /** What the others take, and what quarantine topics do. */
  async limits(
    others: ReadonlyMap<string, RecordLimits>,
    admin: Pick<Admin, 'configs'>,
  ): Promise<ReadonlyMap<string, RecordLimits>> {
    const quarantines = [...this.#quarantines.keys()].filter((topic) => !others.has(topic))
    return new Map([...others, ...(await recordLimits(quarantines, admin))])
  }

  /** What a producer has failed with, with the node that writes there if it is that the topic, or a partition of it, does not exist. */
  named(error: unknown): unknown {
    if (!(error instanceof SluiceError) || error.place?.['error'] !== 'UNKNOWN_TOPIC_OR_PARTITION') return error
    const topic = String(error.place['topic'])
    const node = this.#writers.get(topic) ?? this.#quarantines.get(topic)
    if (error.place['partitions'] !== undefined) return noPartition(error, error.place, node)
    // Whoever creates topics may do so yet; also where it was a transaction that has failed of it.
    return node === undefined ? error : missingTopic([{ topic, node }], { cause: error, retriable: true })
  }

  /** Why what was put out may not have become durable; null: all topics are there, or nobody says so in time. */
  async missing(admin: Pick<Admin, 'describeTopics'>, clock: Clock): Promise<SluiceError | null> {
    const over = new AbortController()
    try {
      const found = await Promise.race([
        admin.describeTopics([...this.#writers.keys(), ...this.#quarantines.keys()]),
        clock.sleep(ASK_MS, over.signal).then(() => null),
      ])
      if (found === null) return null
      const there = new Set(found.map(({ topic }) => topic))
      const missingOf = (writers: ReadonlyMap<string, string>): MissingTopic[] =>
        Array.from(writers, ([topic, node]) => ({ topic, node })).filter(({ topic }) => !there.has(topic))
      // What is always written first: a quarantine topic that nothing was put into is missed by nobody.
      const missing = missingOf(this.#writers)
      const all = missing.length > 0 ? missing : missingOf(this.#quarantines)
      return all.length === 0 ? null : missingTopic(all)
    } catch {
      return null
    } finally {
      over.abort(null)
    }
  }
}

/** @throws SluiceError TOPOLOGY_INVALID for topics of sinks that are not there, and that nobody creates */
export function refuseMissingOutputs(topology: Topology, there: ReadonlySet<string>): void {
  const missing = topology.sinks.flatMap(({ topic, name: node }) =>
    typeof topic !== 'string' || there.has(topic) ? [] : [{ topic, node }],
  )
  if (missing.length > 0) throw missingTopic(missing)
}

/** A partitioner has chosen it: it would again. */
function noPartition(
  cause: SluiceError,
  place: NonNullable<SluiceError['place']>,
  node: string | undefined,
): SluiceError {
  const { topic, partition, partitions } = place
  const what = `There is no partition ${partition} of topic ${topic}, which has ${partitions} partitions`
  return new SluiceError('KAFKA_REFUSED', node === undefined ? what : `${what} (${node})`, {
    cause,
    place: node === undefined ? place : { ...place, node },
    remedy: 'Let the partitioner choose among those that there are: it is told how many.',
  })
}

function missingTopic(
  missing: readonly MissingTopic[],
  facts: { readonly cause?: unknown; readonly retriable?: boolean } = {},
): SluiceError {
  const which = missing.map(({ topic, node }) => `${topic} (${node})`).join(', ')
  return new SluiceError('TOPOLOGY_INVALID', `Topics that are written do not exist: ${which}`, {
    ...facts,
    place: { topic: missing[0]!.topic, node: missing[0]!.node },
    remedy:
      'Create them, or have them created (create.topics=true). Nothing is lost: what belongs there is processed again.',
  })
}
