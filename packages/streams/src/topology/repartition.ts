import { passThrough } from '../operators/pass-through.ts'
import { repartitionFilter } from '../operators/repartition-filter.ts'
import type { GraphNode, Repartition } from './graph-node.ts'
import type { Names } from './names.ts'

/** What its names end in. */
const SUFFIX = '-repartition'
/** Topics whose name was generated have nodes with generated names. */
const GENERATED = /^KSTREAM.*-[0-9]{10}$/

/** The repartition topic of a stream, and the names of its nodes; three numbers are used up. */
export function repartitionOf(
  names: Names,
  prefix: string,
  facts: Pick<Repartition, 'key' | 'value' | 'partitioner'> & { readonly partitions?: number },
): Repartition {
  const topic = prefix.endsWith(SUFFIX) ? prefix : prefix + SUFFIX
  const generated = {
    sinkName: names.next('KSTREAM-SINK-'),
    filterName: names.next('KSTREAM-FILTER-'),
    sourceName: names.next('KSTREAM-SOURCE-'),
  }
  const given = { sinkName: `${topic}-sink`, filterName: `${topic}-filter`, sourceName: `${topic}-source` }
  const { key, value, partitioner, partitions = null } = facts
  return {
    topic,
    key,
    value,
    partitions,
    ...(partitioner === undefined ? {} : { partitioner }),
    ...(GENERATED.test(prefix) ? generated : given),
  }
}

/** Filter, sink and source of a repartition topic. */
export function repartitionNode(repartition: Repartition, mayMerge = true): GraphNode {
  const { topic, key, value, filterName, sinkName, sourceName, partitions, partitioner } = repartition
  return {
    name: sourceName,
    repartition,
    mayMerge,
    write(to, { parents, keepsNullKeys, isGenerated }) {
      to.repartition({ name: topic, partitions, isUnnamed: isGenerated(topic) })
      const operator = keepsNullKeys() ? passThrough('filter', 'KSTREAM-FILTER-') : repartitionFilter()
      to.processor({ name: filterName, predecessors: parents, operator })
      to.sink({
        name: sinkName,
        predecessors: [filterName],
        topic,
        key,
        value,
        ...(partitioner === undefined ? {} : { partitioner }),
      })
      to.source({ name: sourceName, topics: [topic], key, value, quarantine: null })
    },
  }
}
