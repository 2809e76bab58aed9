/**
 * Compiles a sub-topology into plain functions: per source topic one step that decides everything for a record, synchronously, from
 * the source to the sinks. What can be decided once (which encoder, which neighbour, which bytes may stay) is decided here.
 */
import { SluiceError, type Clock, type Converter } from '@sluice/sdk'
import type { Gate, Quarantine } from '@sluice/quality'
import type { NodeScope, Step, TimeListener } from '../operators/operator.ts'
import type { ErrorPolicy, ProcessorNode, SourceNode, TopologyNode } from '../topology/node.ts'
import type { Subtopology, Topology } from '../topology/topology.ts'
import type { Drops } from './drops.ts'
import type { Punctuations } from './punctuations.ts'
import type { RecordContext } from './record-context.ts'
import { sinkStep, type SinkScope } from './sink-step.ts'
import type { NodeTimes } from './node-times.ts'
import type { TaskStores } from './task-stores.ts'
import { timeCheck } from './topic-times.ts'
import { isKept, sidesKept, sidesRead, type Sides } from './untouched.ts'

/** The way of a source's records. */
export interface SourceChain {
  readonly source: SourceNode
  readonly key: Converter
  readonly value: Converter
  /** What is decoded. */
  readonly reads: Sides
  readonly head: Step
}

/** What the chains of one task have in common. */
export interface ChainScope extends SinkScope {
  /** The task's name, such as `0_1`. */
  readonly task: string
  readonly clock: Clock
  readonly quarantine: Quarantine
  readonly gates: Gate[]
  readonly stores: TaskStores
  readonly times: NodeTimes
  readonly punctuations: Punctuations
  readonly drops: Drops
  streamTime(): number
  isCaughtUp(): boolean
  positions: NodeScope['positions']
  requestCommit(): void
  /** Returns the reason to stop. */
  failedWithoutRecord(at: RecordContext, error: unknown): SluiceError | null
  begin: NodeScope['begin']
  onClose(close: () => void): void
}

/** The chains of one task by source topic. Nodes that remember something remember it for this task alone. */
export function compileChains(
  topology: Topology,
  subtopology: Subtopology,
  scope: ChainScope,
): ReadonlyMap<string, SourceChain> {
  const byName = new Map(subtopology.nodes.map((node) => [node.name, node]))
  const steps = new Map<string, Step>()
  const shared = new Map<object, unknown>()
  const listeners = new Map<string, TimeListener>()
  const remembers = subtopology.nodes.some(
    (node) => node.kind === 'processor' && (node.operator.memoryRecords ?? 0) > 0,
  )

  const stepOf = (node: TopologyNode): Step => {
    let step = steps.get(node.name)
    if (step === undefined) steps.set(node.name, (step = compile(node)))
    return step
  }
  const compile = (node: TopologyNode): Step => {
    if (node.kind === 'sink') return underPolicy(sinkStep(node, sidesKept(node, byName), scope), node.onError)
    const children = topology.successors(node.name)
    const aside = node.kind === 'processor' ? (node.operator.sideChildren ?? []) : []
    const next = fanOut(children.filter(({ name }) => !aside.includes(name)).map(stepOf))
    if (node.kind === 'source') return next
    const { onError } = node
    const step = node.operator.compile(
      outOfPolicy(next, onError),
      nodeScope(node, scope, shared, {
        forwardTo: (child) => outOfPolicy(stepOfChild(node, child, children), onError),
        keepsValue: (store) => isKept('value', topology.stores.get(store)!.definition.value, node, byName),
        onTime: (listener) => listeners.set(node.name, listener),
        advanceTime: (timestamp, at) => {
          for (const { name } of nodesBehind(node.name, topology, subtopology)) listeners.get(name)?.(timestamp, at)
        },
      }),
    )
    const governed = underPolicy(withinTime(step, node, scope), onError)
    return node.stores.length > 0 && remembers ? onlyLive(governed) : governed
  }
  const stepOfChild = (node: ProcessorNode, name: string, children: readonly TopologyNode[]): Step => {
    const child = children.find((child) => child.name === name)
    if (child === undefined) {
      throw new SluiceError('TOPOLOGY_INVALID', `${node.name} forwards to ${name}, which is not behind it`, {
        place: { node: node.name, children: children.map((child) => child.name).join(', ') },
        remedy: 'Name one of its children.',
      })
    }
    return stepOf(child)
  }

  const chains = new Map<string, SourceChain>()
  for (const node of subtopology.nodes) {
    if (node.kind !== 'source') continue
    const reads = sidesRead(node, topology, byName)
    const chain = { source: node, key: node.key.converter, value: node.value.converter, reads, head: stepOf(node) }
    for (const topic of node.topics) chains.set(topic, chain)
  }
  return chains
}

function nodeScope(
  node: ProcessorNode,
  scope: ChainScope,
  shared: Map<object, unknown>,
  place: Pick<NodeScope, 'forwardTo' | 'keepsValue' | 'onTime' | 'advanceTime'>,
): NodeScope {
  const { task, clock, quarantine, gates, stores, punctuations, drops } = scope
  return {
    node: node.name,
    task,
    clock,
    quarantine,
    gates,
    ...place,
    store: (name) => stores.get(name, node.name, node.stores),
    time: (closing) => scope.times.of(node.name, closing),
    streamTime: () => scope.streamTime(),
    isCaughtUp: () => scope.isCaughtUp(),
    positions: () => scope.positions(),
    schedule: (intervalMs, type, callback) => {
      const step: Step = (timestamp, _none, at) => callback(timestamp as number, at)
      return punctuations.schedule(intervalMs, type, (timestamp, at) => {
        at.node = node.name
        at.policy = node.onError ?? null
        withoutRecord(scope, step, timestamp, null, at)
      })
    },
    withoutRecord: (step, key, value, at) => withoutRecord(scope, step, key, value, at),
    requestCommit: () => scope.requestCommit(),
    begin: scope.begin,
    onClose: (close) => scope.onClose(close),
    drop(at, reason) {
      drops.add(reason)
      at.drop(reason)
    },
    shared<T>(key: object, make: () => T): T {
      if (!shared.has(key)) shared.set(key, make())
      return shared.get(key) as T
    },
  }
}

/** What the step throws is dealt with here, unless it ends the run. */
function withoutRecord(scope: ChainScope, step: Step, key: unknown, value: unknown, at: RecordContext): void {
  const { node, policy } = at
  try {
    step(key, value, at)
  } catch (error) {
    const stop = scope.failedWithoutRecord(at, error)
    if (stop !== null) {
      at.halt = stop
      throw error
    }
  }
  at.node = node
  at.policy = policy
}

/** All that follow a node, in the order they were added: none before one that it follows. */
function nodesBehind(node: string, topology: Topology, { nodes }: Subtopology): readonly TopologyNode[] {
  const behind = new Set<string>([node])
  for (const { name } of nodes)
    if (behind.has(name)) for (const successor of topology.successors(name)) behind.add(successor.name)
  behind.delete(node)
  return nodes.filter(({ name }) => behind.has(name))
}

/**
 * A record that the changelogs of the node's stores would not take comes to none of them. One that is too old may: an aggregate that it
 * belongs to has a newer time, and a table that is only looked at gets nothing of it.
 */
function withinTime(
  step: Step,
  { name, stores: own }: ProcessorNode,
  { stores, recordLimits, clock }: ChainScope,
): Step {
  const checks = stores.changelogs(own).flatMap((topic) => {
    const limits = recordLimits?.get(topic)
    const check = limits === undefined ? null : timeCheck(topic, { ...limits, behindMs: Infinity }, clock)
    return check === null ? [] : [check]
  })
  if (checks.length === 0) return step
  return (key, value, at) => {
    at.node = name
    for (const check of checks) check(at.timestamp)
    step(key, value, at)
  }
}

/** What the step throws itself is dealt with by its own policy. */
function underPolicy(step: Step, policy: ErrorPolicy | undefined): Step {
  if (policy === undefined) return step
  return (key, value, at) => {
    const before = at.policy
    at.policy = policy
    step(key, value, at)
    at.policy = before
  }
}

/** The step that follows one with a policy: what it throws is not that one's. */
function outOfPolicy(next: Step, policy: ErrorPolicy | undefined): Step {
  if (policy === undefined) return next
  return (key, value, at) => {
    at.policy = null
    next(key, value, at)
    at.policy = policy
  }
}

/** Records that a restarting task only remembers are in the stores already: a node with stores, and what is behind it, gets none. */
function onlyLive(step: Step): Step {
  return (key, value, at) => {
    if (at.live) step(key, value, at)
  }
}

/** One step for all successors; without any, the record has reached an end of the topology. */
function fanOut(steps: readonly Step[]): Step {
  const [first, second] = steps
  if (first === undefined) {
    return (_key, _value, at) => {
      at.reached += 1
    }
  }
  if (second === undefined) return first
  return (key, value, at) => {
    for (const step of steps) step(key, value, at)
  }
}
