import { setImmediate as microtasksDone } from 'node:timers/promises'
import type { Topology } from '../../topology/topology.ts'
import { TopologyTestDriver } from '../topology-test-driver.ts'
import { asksOthers } from '../../operators/map-values-async.ts'
import { partitionOf, type SimulatedInput } from './simulated-input.ts'

/** By topic and key (in hexadecimal digits), the values of the key in their order. */
export type Outputs = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>

/** The clock goes on by so much where nobody answers. */
const TOO_LONG_MS = 1_000

export interface ModelOptions {
  readonly topology: Topology
  readonly inputs: readonly SimulatedInput[]
  readonly partitions: number
  readonly settings: Readonly<Record<string, string>>
}

/**
 * What the topology puts out when nothing goes wrong, by the test driver: partition by partition, as tasks do; in one for a topology that
 * repartitions, whose results must then not depend on the order in which records of several partitions meet.
 */
export async function modelOutputs({ topology, inputs, partitions, settings }: ModelOptions): Promise<Outputs> {
  const isApart = topology.repartitions.size === 0
  const groups = isApart
    ? Array.from({ length: partitions }, (_, i) => inputs.filter((input) => partitionOf(input, partitions) === i))
    : [inputs]
  const outputs = new Map<string, Map<string, string[]>>(outputTopics(topology).map((topic) => [topic, new Map()]))
  const isAsking = asksOthers(topology)
  for (const group of groups) {
    const driver = new TopologyTestDriver(topology, { settings })
    for (const { topic, key, value, timestamp, headers = [] } of inTaskOrder(group)) {
      driver.createInputTopic(topic).pipeInput(key, value, { timestamp, headers })
      if (isAsking) await answered(driver)
    }
    for (const [topic, byKey] of outputs)
      for (const record of driver.createOutputTopic(topic).readRecordsToList()) addOutput(byKey, record)
    driver.close()
  }
  return outputs
}

/** Waits for what asynchronous operators have asked; what is never answered takes too long. */
async function answered(driver: TopologyTestDriver): Promise<void> {
  const over = new AbortController()
  const completed = driver.completed().finally(() => over.abort(null))
  completed.catch(() => undefined)
  for (await microtasksDone(); !over.signal.aborted; await microtasksDone()) driver.clock.advance(TOO_LONG_MS)
  await completed
}

/** The topics that a topology writes for others. */
export function outputTopics(topology: Topology): readonly string[] {
  return [...new Set(topology.sinkTopics)].filter((topic) => !topology.repartitions.has(topic))
}

export function addOutput(
  byKey: Map<string, string[]>,
  { key, value }: { readonly key: Uint8Array | null; readonly value: Uint8Array | null },
): void {
  const name = textOf(key)
  const list = byKey.get(name)
  if (list === undefined) byKey.set(name, [textOf(value)])
  else list.push(textOf(value))
}

function textOf(bytes: Uint8Array | null): string {
  return bytes === null ? 'null' : Buffer.from(bytes).toString('hex')
}

/** Of the topics' next records, the one with the smallest timestamp. */
function inTaskOrder(inputs: readonly SimulatedInput[]): readonly SimulatedInput[] {
  const queues = [...Map.groupBy(inputs, ({ topic }) => topic).values()].map((queue) => [...queue])
  const ordered: SimulatedInput[] = []
  for (;;) {
    let next: SimulatedInput[] | undefined
    for (const queue of queues)
      if (queue.length > 0 && (next === undefined || queue[0]!.timestamp < next[0]!.timestamp)) next = queue
    if (next === undefined) return ordered
    ordered.push(next.shift()!)
  }
}
