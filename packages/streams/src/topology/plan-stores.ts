import type { PlanAction, PlanStep } from './plan.ts'
import type { WrittenStore, WrittenTopology } from './written-topology.ts'

const RENAME =
  'Give the store another name, so that it is built anew from what is read from now on; or reset the application.'

/** What becomes of each store. */
export function planStores(
  before: WrittenTopology | null,
  after: WrittenTopology,
  topics: ReadonlyMap<string, number>,
): readonly PlanStep[] {
  const known = new Map(before?.stores.map((store) => [store.name, store]))
  const wanted = new Set(after.stores.map(({ name }) => name))
  const gone = (before?.stores ?? []).filter(({ name }) => !wanted.has(name))
  return [
    ...after.stores.map((store) => {
      const then = known.get(store.name)
      return then === undefined ? begun(store, gone, topics) : goneOnWith(then, store, topics)
    }),
    ...gone.map((store) => step(store, 'abandon', 'nothing uses it any more: delete its topic when it is not needed')),
  ]
}

/** A name that was not there before. */
function begun(store: WrittenStore, gone: readonly WrittenStore[], topics: ReadonlyMap<string, number>): PlanStep {
  const moved = gone.find(
    ({ isUnnamed, kind, topic }) => isUnnamed && store.isUnnamed && kind === store.kind && exists(topic, topics),
  )
  if (moved !== undefined) {
    return refusal(
      store,
      `its name was generated, and was probably ${moved.name} before an operator was put in front of it`,
      `Give the store the name ${moved.name}, so that it keeps its rows, or a name of its own, so that it begins empty.`,
    )
  }
  const { topic, isSource } = store
  if (topic === null) return step(store, 'create', 'it has no changelog, and begins empty')
  if (isSource) return step(store, 'rebuild', `it is read from ${topic}`)
  if (!topics.has(topic)) return step(store, 'create', 'it is new, and begins empty')
  return countRefusal(store, topics) ?? step(store, 'rebuild', `it is read from ${topic}, which is there`)
}

function goneOnWith(then: WrittenStore, now: WrittenStore, topics: ReadonlyMap<string, number>): PlanStep {
  if (!exists(then.topic, topics)) return step(now, 'create', 'its topic is not there any more, and it begins empty')
  return contradiction(then, now) ?? countRefusal(now, topics) ?? difference(then, now)
}

/** What makes the rows that are there useless for the store, or wrong. */
function contradiction(then: WrittenStore, now: WrittenStore): PlanStep | null {
  if (then.kind !== now.kind) return refusal(now, `it was of kind ${then.kind} and is of kind ${now.kind}`, RENAME)
  if (differ(then.key, now.key)) return refusal(now, `its keys were ${then.key} and are ${now.key}`, RENAME)
  if (differ(then.value, now.value)) return refusal(now, `its values were ${then.value} and are ${now.value}`, RENAME)
  const calendar = calendarRefusal(then, now)
  if (calendar !== null) return calendar
  if (then.windowSizeMs !== now.windowSizeMs)
    return refusal(now, `its windows were ${then.windowSizeMs} ms long and are ${now.windowSizeMs} ms`, RENAME)
  if (then.isUnnamed && now.isUnnamed && String(then.operators) !== String(now.operators)) {
    return refusal(
      now,
      `its name was generated, and belongs to ${now.operators.join(', ')} where it belonged to ${then.operators.join(', ')}`,
      'Give the stores names: that of the one before, to go on with its rows, or another one.',
    )
  }
  return sourceRefusal(then, now)
}

/** Windows of another calendar begin, and end, elsewhere: where the end follows from the start it would be another one. */
function calendarRefusal(then: WrittenStore, now: WrittenStore): PlanStep | null {
  const [before, after = null] = [then.calendar, now.calendar]
  if (before === undefined || before === after) return null
  const named = (calendar: string | null): string => (calendar === null ? 'by no calendar' : `by the ${calendar}`)
  return refusal(now, `its windows were ${named(before)} and are ${named(after)}`, RENAME)
}

function sourceRefusal(then: WrittenStore, now: WrittenStore): PlanStep | null {
  if (then.isSource && now.isSource && then.topic !== now.topic)
    return refusal(now, `it was read from ${then.topic} and is read from ${now.topic}`, RENAME)
  if (then.isSource && !now.isSource) {
    return refusal(
      now,
      `its rows are in ${then.topic}, and its changelog has none of them`,
      'Leave the optimization reuse.ktable.source.topics on, give the store another name, or reset the application.',
    )
  }
  if (then.topic !== null && now.topic === null)
    return refusal(
      now,
      'it has no changelog any more, so that its rows would be lost',
      `Leave its changelog on. ${RENAME}`,
    )
  const added = now.sources.filter((topic) => !then.sources.includes(topic))
  const removed = then.sources.filter((topic) => !now.sources.includes(topic))
  if (added.length === 0 || removed.length === 0) return null
  return refusal(
    now,
    `it was made of ${removed.join(', ')} and is made of ${added.join(', ')}, which would be added to what is there`,
    `Give the store another name, to begin anew with ${added.join(', ')}; or go on with ${removed.join(', ')}.`,
  )
}

/** What the rows outlast. */
function difference(then: WrittenStore, now: WrittenStore): PlanStep {
  if (!then.isSource && now.isSource)
    return step(now, 'rebuild', `it is read from ${now.topic} in place of its changelog`)
  if (then.topic === null)
    return step(now, 'create', 'it had no changelog and has one from now on; it begins empty, as at each start')
  if (then.retentionMs !== now.retentionMs) {
    const what = `rows were kept for ${then.retentionMs} ms and are kept for ${now.retentionMs} ms`
    return step(now, 'rebuild', `${what}: it is read again from ${now.topic}, whose own retention stays as it is`)
  }
  if (then.engine !== now.engine) return step(now, 'migrate', `it moves from ${then.engine} to ${now.engine}`)
  if (then.subtopology !== now.subtopology) {
    const tasks = `its tasks were ${then.subtopology}_* and are ${now.subtopology}_*`
    return step(now, 'rebuild', `${tasks}: each is read again from ${now.topic}`)
  }
  return step(now, 'keep', 'nothing has changed')
}

/** Records of a key are in another partition than its task's. */
function countRefusal(store: WrittenStore, topics: ReadonlyMap<string, number>): PlanStep | null {
  const { topic, partitions, isSource, isGlobal } = store
  const found = topic === null ? undefined : topics.get(topic)
  if (found === undefined || found === partitions || isSource || isGlobal) return null
  return refusal(
    store,
    `${topic} has ${found} partitions, and ${partitions} are needed`,
    'Give what is read the number of partitions that it had, or reset the application: keys are in other partitions by now.',
  )
}

function differ(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && a !== b
}

/** What has no topic is not kept anywhere else either. */
function exists(topic: string | null, topics: ReadonlyMap<string, number>): boolean {
  return topic === null || topics.has(topic)
}

function step({ name, topic }: WrittenStore, action: PlanAction, reason: string): PlanStep {
  return { kind: 'store', name, topic, action, reason }
}

function refusal(store: WrittenStore, reason: string, remedy: string): PlanStep {
  return { ...step(store, 'refuse', reason), remedy }
}
