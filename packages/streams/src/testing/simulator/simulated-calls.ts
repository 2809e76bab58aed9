import { asksOthers, isAsking } from '../../operators/map-values-async.ts'
import type { Operator, Step } from '../../operators/operator.ts'
import type { AsyncLane } from '../../record-path/async-calls.ts'
import { Topology } from '../../topology/topology.ts'
import type { Link } from './link.ts'

type Outcome = { readonly value: unknown } | { readonly error: unknown }

/**
 * The topology as one life of an instance runs it: what its asynchronous operators ask is answered by somebody else, who takes as long as the
 * seed says. So answers come in any order, late, behind a freeze, or never to who has crashed. What they say is what the operator's own
 * function comes to: it must not wait for real time, and must answer alike each time.
 */
export function withSimulatedCalls(topology: Topology, link: Link): Topology {
  if (!asksOthers(topology)) return topology
  const nodes = topology.nodes.map((node) =>
    isAsking(node) ? { ...node, operator: answeredElsewhere(node.operator, link) } : node,
  )
  return new Topology(nodes, {
    stores: topology.stores.values(),
    repartitions: topology.repartitions.values(),
    copartitions: topology.copartitions,
  })
}

function answeredElsewhere(operator: Operator, link: Link): Operator {
  return {
    ...operator,
    compile(next, scope): Step {
      const lanes = new Map<AsyncLane, AsyncLane>()
      const laneOf = (lane: AsyncLane): AsyncLane => {
        let simulated = lanes.get(lane)
        if (simulated === undefined)
          lanes.set(lane, (simulated = { ...lane, call: (...asked) => call(lane, asked, link) }))
        return simulated
      }
      return operator.compile(next, {
        ...scope,
        begin: (lane, key, value, at) => scope.begin(laneOf(lane), key, value, at),
      })
    },
  }
}

async function call(lane: AsyncLane, asked: Parameters<AsyncLane['call']>, link: Link): Promise<unknown> {
  const outcome = settled(lane.call(...asked))
  await link.elsewhere(lane.node)
  const answer = await outcome
  if ('error' in answer) throw answer.error
  return answer.value
}

/** Never rejects: nobody listens before the answer arrives. */
async function settled(answer: Promise<unknown>): Promise<Outcome> {
  try {
    return { value: await answer }
  } catch (error) {
    return { error }
  }
}
