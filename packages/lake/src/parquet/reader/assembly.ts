/** Rows out of columns (Dremel's assembly): the schema as a tree of readers, each of which gives the next value at its place. */
import type { ChunkCursor, StoredLeaf } from './chunk-cursor.ts'
import type { SchemaElement } from './file-metadata.ts'
import { storedTypeOf } from './stored-type.ts'

export interface ValueReader {
  /** A column below, which tells how much of the way to the next value is there. */
  readonly first: ChunkCursor
  read(): unknown
  /** Passes over one entry of each column below: what stands for an absence. */
  skip(): void
}

/** Builds the reader of a top column, given cursors at the beginning of a row group. */
export type Assembler = (cursors: (leaf: StoredLeaf) => ChunkCursor) => ValueReader

export interface StoredColumn {
  readonly name: string
  readonly leaves: readonly StoredLeaf[]
  readonly assemble: Assembler
}

const REPEATED = 2
const OPTIONAL = 1

/** The top columns of a file. @throws RangeError for a schema that is no tree */
export function storedColumns(elements: readonly SchemaElement[]): StoredColumn[] {
  let at = 1
  return Array.from({ length: elements[0]?.childCount ?? 0 }, () => {
    const leaves: StoredLeaf[] = []
    const node = takeNode()
    return {
      name: node.element.name,
      leaves,
      assemble: build(node, { path: [], definition: 0, repetition: 0 }, leaves),
    }
  })

  function takeNode(depth = 0): Node {
    const element = elements[at++]
    if (element === undefined || depth > 200) throw new RangeError('the schema is no tree')
    return { element, children: Array.from({ length: element.childCount }, () => takeNode(depth + 1)) }
  }
}

interface Node {
  readonly element: SchemaElement
  readonly children: readonly Node[]
}
interface Levels {
  readonly path: readonly string[]
  readonly definition: number
  readonly repetition: number
}

/** The node with all that its repetition says. */
function build(node: Node, around: Levels, leaves: StoredLeaf[]): Assembler {
  if (node.element.repetition === REPEATED) {
    // A list without a group around it: of old writers, and never null.
    const below = deeper(around, node.element.name)
    return listOf(around.definition, below.repetition, buildPresent(node, below, leaves))
  }
  const { definition, repetition } = around
  const path = [...around.path, node.element.name]
  const isOptional = node.element.repetition === OPTIONAL
  return buildPresent(node, { path, definition: definition + (isOptional ? 1 : 0), repetition }, leaves)
}

/** `at`: the levels where the node is there. */
function buildPresent(node: Node, at: Levels, leaves: StoredLeaf[]): Assembler {
  const { element, children } = node
  if (children.length === 0) {
    const leaf = { ...at, type: storedTypeOf(element) }
    leaves.push(leaf)
    return (cursors) => new LeafReader(cursors(leaf))
  }
  const [only] = children
  const isSingle = children.length === 1 && only !== undefined && only.element.repetition === REPEATED
  if (isSingle && (element.converted === 3 || element.logical?.has(3) === true)) return buildList(only, at, leaves)
  const isMap = element.converted === 1 || element.converted === 2 || element.logical?.has(2) === true
  if (isSingle && isMap && only.children.length > 0) return buildMap(only, at, leaves)
  const fields = children.map((child) => [child.element.name, build(child, at, leaves)] as const)
  return (cursors) =>
    new StructReader(
      at.definition,
      fields.map(([name]) => name),
      fields.map(([, field]) => field(cursors)),
    )
}

function buildList(repeated: Node, at: Levels, leaves: StoredLeaf[]): Assembler {
  const { name } = repeated.element
  const below = deeper(at, name)
  // Three levels, unless the repeated group is the element itself (parquet-format's rules for older writers).
  const isElement = repeated.children.length !== 1 || name === 'array' || name === `${at.path.at(-1)}_tuple`
  const element = isElement ? buildPresent(repeated, below, leaves) : build(repeated.children[0]!, below, leaves)
  return listOf(at.definition, below.repetition, element)
}

function listOf(definition: number, repetition: number, element: Assembler): Assembler {
  return (cursors) => new ListReader(definition, repetition, element(cursors))
}

function buildMap(repeated: Node, at: Levels, leaves: StoredLeaf[]): Assembler {
  const below = deeper(at, repeated.element.name)
  const [key, value] = repeated.children.map((child) => build(child, below, leaves))
  return (cursors) => new MapReader(at.definition, below.repetition, key!(cursors), value?.(cursors))
}

function deeper({ path, definition, repetition }: Levels, name: string): Levels {
  return { path: [...path, name], definition: definition + 1, repetition: repetition + 1 }
}

class LeafReader implements ValueReader {
  readonly first: ChunkCursor
  constructor(cursor: ChunkCursor) {
    this.first = cursor
  }
  read(): unknown {
    return this.first.next()
  }
  skip(): void {
    this.first.next()
  }
}

class StructReader implements ValueReader {
  readonly first: ChunkCursor
  /** The level from which on it is there. */
  readonly #definition: number
  readonly #names: readonly string[]
  readonly #fields: readonly ValueReader[]

  constructor(definition: number, names: readonly string[], fields: readonly ValueReader[]) {
    this.first = fields[0]!.first
    this.#definition = definition
    this.#names = names
    this.#fields = fields
  }
  read(): unknown {
    if (this.first.definition < this.#definition) {
      this.skip()
      return null
    }
    const value: Record<string, unknown> = {}
    for (let i = 0; i < this.#fields.length; i++) value[this.#names[i]!] = this.#fields[i]!.read()
    return value
  }
  skip(): void {
    for (const field of this.#fields) field.skip()
  }
}

class ListReader implements ValueReader {
  readonly first: ChunkCursor
  /** The level of a list that is there and empty. */
  readonly #definition: number
  readonly #repetition: number
  readonly #element: ValueReader

  constructor(definition: number, repetition: number, element: ValueReader) {
    this.first = element.first
    this.#definition = definition
    this.#repetition = repetition
    this.#element = element
  }
  read(): unknown {
    const { first } = this
    const level = first.definition
    if (level <= this.#definition) {
      this.skip()
      return level < this.#definition ? null : []
    }
    const items: unknown[] = []
    do items.push(this.#element.read())
    while (first.repetition === this.#repetition)
    return items
  }
  skip(): void {
    this.#element.skip()
  }
}

class MapReader implements ValueReader {
  readonly first: ChunkCursor
  readonly #definition: number
  readonly #repetition: number
  readonly #key: ValueReader
  readonly #value: ValueReader | undefined

  constructor(definition: number, repetition: number, key: ValueReader, value: ValueReader | undefined) {
    this.first = key.first
    this.#definition = definition
    this.#repetition = repetition
    this.#key = key
    this.#value = value
  }
  read(): unknown {
    const { first } = this
    const level = first.definition
    if (level <= this.#definition) {
      this.skip()
      return level < this.#definition ? null : new Map()
    }
    const entries = new Map<unknown, unknown>()
    do entries.set(this.#key.read(), this.#value === undefined ? null : this.#value.read())
    while (first.repetition === this.#repetition)
    return entries
  }
  skip(): void {
    this.#key.skip()
    this.#value?.skip()
  }
}
