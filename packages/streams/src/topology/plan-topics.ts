import type { PlanAction, PlanStep } from './plan.ts'
import type { WrittenRepartition, WrittenTopology } from './written-topology.ts'

const DRAIN = 'Run the version before to the end of its input and stop it, then delete the topic.'

/** What becomes of each repartition topic: what is in it and not processed is part of what is stored. */
export function planRepartitions(
  before: WrittenTopology | null,
  after: WrittenTopology,
  topics: ReadonlyMap<string, number>,
): readonly PlanStep[] {
  const known = new Map(before?.repartitions.map((topic) => [topic.name, topic]))
  const wanted = new Set(after.repartitions.map(({ name }) => name))
  const gone = (before?.repartitions ?? []).filter(({ name }) => !wanted.has(name) && topics.has(name))
  return [
    ...after.repartitions.map((topic) => planOf(topic, known.get(topic.name), gone, topics)),
    ...gone.map((topic) => step(topic, 'abandon', `what is in it and was not processed is not processed. ${DRAIN}`)),
  ]
}

function planOf(
  topic: WrittenRepartition,
  then: WrittenRepartition | undefined,
  gone: readonly WrittenRepartition[],
  topics: ReadonlyMap<string, number>,
): PlanStep {
  const moved = then === undefined && topic.isUnnamed ? gone.find(({ isUnnamed }) => isUnnamed) : undefined
  if (moved !== undefined) {
    return refusal(
      topic,
      `its name was generated, and was probably ${moved.name} before an operator was put in front of it`,
      `Give the operator a name. ${DRAIN}`,
    )
  }
  const found = topics.get(topic.name)
  if (found === undefined) return step(topic, 'create', 'it is new')
  if (found !== topic.partitions) {
    return refusal(
      topic,
      `it has ${found} partitions, and ${topic.partitions} are needed`,
      `Give it the number of partitions that it has; or name it otherwise. ${DRAIN}`,
    )
  }
  if (then === undefined) return step(topic, 'keep', 'it is there')
  if (differ(then.key, topic.key) || differ(then.value, topic.value)) {
    const formats = ({ key, value }: WrittenRepartition): string => `${key ?? '?'} → ${value ?? '?'}`
    return refusal(topic, `its records were ${formats(then)} and are ${formats(topic)}`, `Name it otherwise. ${DRAIN}`)
  }
  if (then.isUnnamed && topic.isUnnamed && String(then.sources) !== String(topic.sources)) {
    const sources = `${topic.sources.join(', ')} where it was made from ${then.sources.join(', ')}`
    return refusal(
      topic,
      `its name was generated, and it is made from ${sources}`,
      `Give the operator a name. ${DRAIN}`,
    )
  }
  return step(topic, 'keep', 'nothing has changed')
}

function differ(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && a !== b
}

function step({ name }: WrittenRepartition, action: PlanAction, reason: string): PlanStep {
  return { kind: 'repartition', name, topic: name, action, reason }
}

function refusal(topic: WrittenRepartition, reason: string, remedy: string): PlanStep {
  return { ...step(topic, 'refuse', reason), remedy }
}
