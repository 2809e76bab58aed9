import { branch } from '../operators/branch.ts'
import type { Predicate } from '../operators/filter.ts'
import { passThrough } from '../operators/pass-through.ts'
import type { Named } from '../options.ts'
import type { GraphNode } from '../topology/graph-node.ts'
import { checkName } from '../topology/names.ts'
import { topologyInvalid } from '../topology/topology-invalid.ts'
import { KStream } from './kstream.ts'
import type { StreamPlace } from './place.ts'

/**
 * Kafka Streams' `BranchedKStream`: the branches of a split, each beginning with a node that is named after the split's name and its
 * own. Where Kafka Streams numbers branches without a name, give the number: '1' for the first, '0' for the default one.
 */
export class BranchedKStream<K, V, B extends object = object> {
  readonly #place: StreamPlace
  readonly #splitter: GraphNode
  readonly #predicates: Predicate<unknown, unknown>[]
  readonly #children: string[]
  readonly #branches: B
  readonly #setDefault: (child: string) => void

  private constructor(
    place: StreamPlace,
    splitter: GraphNode,
    predicates: Predicate<unknown, unknown>[],
    children: string[],
    branches: B,
    setDefault: (child: string) => void,
  ) {
    this.#place = place
    this.#splitter = splitter
    this.#predicates = predicates
    this.#children = children
    this.#branches = branches
    this.#setDefault = setDefault
  }

  /** For the DSL: use `KStream.split`. */
  static of<K, V>(place: StreamPlace, named: Named): BranchedKStream<K, V> {
    const predicates: Predicate<unknown, unknown>[] = []
    const children: string[] = []
    let defaultChild: string | null = null
    const name = place.graph.names.node(named.name, 'KSTREAM-BRANCH-')
    const splitter: GraphNode = {
      name,
      write(to, { parents }) {
        const operator = branch({ predicates: [...predicates], children: [...children], defaultChild })
        to.processor({ name, predecessors: parents, operator })
      },
    }
    place.graph.add(splitter, [place.node])
    return new BranchedKStream(place, splitter, predicates, children, {}, (child) => (defaultChild = child))
  }

  /** The next branch: records for which the predicate is true, and none of those before. */
  branch<N extends string, W extends V>(
    name: N,
    predicate: (key: K, value: V) => value is W,
  ): BranchedKStream<K, V, B & Readonly<Record<N, KStream<K, W>>>>
  branch<N extends string>(
    name: N,
    predicate: Predicate<K, V>,
  ): BranchedKStream<K, V, B & Readonly<Record<N, KStream<K, V>>>>
  branch<N extends string>(
    name: N,
    predicate: Predicate<K, V>,
  ): BranchedKStream<K, V, B & Readonly<Record<N, KStream<K, V>>>> {
    const { child, branches } = this.#add(name)
    this.#predicates.push(predicate as Predicate<unknown, unknown>)
    this.#children.push(child)
    return new BranchedKStream(
      this.#place,
      this.#splitter,
      this.#predicates,
      this.#children,
      branches,
      this.#setDefault,
    )
  }

  /** A branch for all other records. Returns the branches by name. */
  defaultBranch<N extends string>(name: N): B & Readonly<Record<N, KStream<K, V>>> {
    const { child, branches } = this.#add(name)
    this.#setDefault(child)
    return branches
  }

  /** All other records are dropped, counted under the split's name. Returns the branches by name. */
  noDefaultBranch(): B {
    return this.#branches
  }

  #add<N extends string>(name: N): { child: string; branches: B & Readonly<Record<N, KStream<K, V>>> } {
    const { graph } = this.#place
    if (Object.hasOwn(this.#branches, name))
      throw topologyInvalid(
        `${this.#splitter.name} has two branches named ${name}`,
        'Give each branch a name of its own.',
      )
    const child = this.#splitter.name + name
    checkName('Node name', child)
    graph.names.next('')
    const operator = passThrough('branch', 'KSTREAM-BRANCHCHILD-')
    const node: GraphNode = {
      name: child,
      write: (to, { parents }) => to.processor({ name: child, predecessors: parents, operator }),
    }
    graph.add(node, [this.#splitter])
    const stream = new KStream<K, V>({ ...this.#place, node })
    return { child, branches: { ...this.#branches, [name]: stream } as B & Readonly<Record<N, KStream<K, V>>> }
  }
}
