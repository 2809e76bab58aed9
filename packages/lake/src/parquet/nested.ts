/**
 * Structs, lists and maps: a tree, built once per schema, that takes a nested value apart and hands what is in it to the
 * columns below, with the levels that say where each stood.
 */
import { types } from 'node:util'
import { buildColumn } from './build-column.ts'
import type { ColumnBuilder, LeafColumn, ValueTaker } from './column.ts'
import type { RepetitionState } from './levels.ts'
import type { BuilderTools } from './page-taker.ts'
import { refuse, type Place } from './refuse.ts'
import { isNested, type ParquetColumn, type ParquetElement } from './schema.ts'

/** A top column with the columns of the file that it consists of, in the file's order. */
export interface TopColumn {
  readonly head: Pick<ValueTaker, 'append'>
  /** What the head hands values to: the column itself where it is not nested. */
  readonly taker: ValueTaker
  readonly leaves: readonly { readonly column: LeafColumn; readonly builder: ColumnBuilder }[]
}

/** `bloomFilters`: the columns that get one, their names joined by points. */
export function buildTopColumn(
  column: ParquetColumn,
  bloomFilters: ReadonlySet<string>,
  tools: BuilderTools,
): TopColumn {
  const leaves: { column: LeafColumn; builder: ColumnBuilder }[] = []
  const state: RepetitionState = { level: 0 }
  const taker = build(column, { name: column.name, path: [column.name], definition: 0, repetition: 0, repeatedFrom: 0 })
  return { head: isNested(column.type) ? new Head(taker, state) : taker, taker, leaves }

  function build({ type, optional }: ParquetElement, at: TreePlace): ValueTaker {
    const definition = at.definition + (optional ? 1 : 0)
    const place = { name: at.name, type, optional }
    if (type.kind === 'struct') {
      const fields = type.fields.map((field) =>
        build(field, { ...at, definition, name: `${at.name}.${field.name}`, path: [...at.path, field.name] }),
      )
      const names = type.fields.map((field) => field.name)
      return new StructTaker(place, definition, names, fields)
    }
    const repetition = at.repetition + 1
    const repeatedFrom = at.repeatedFrom || at.path.length
    if (type.kind === 'list') {
      const path = [...at.path, 'list', 'element']
      const element = build(type.element, {
        name: `${at.name}[]`,
        path,
        definition: definition + 1,
        repetition,
        repeatedFrom,
      })
      return new ListTaker(place, definition, repetition, state, element)
    }
    if (type.kind === 'map') {
      const below = { definition: definition + 1, repetition, repeatedFrom }
      const path = [...at.path, 'key_value']
      const key = build(type.key, { ...below, name: `${at.name}{key}`, path: [...path, 'key'] })
      const value = build(type.value, { ...below, name: `${at.name}{}`, path: [...path, 'value'] })
      return new MapTaker(place, definition, repetition, state, key, value)
    }
    const { name, path } = at
    const leaf: LeafColumn = {
      name,
      path,
      repeatedFrom: at.repeatedFrom,
      type,
      optional,
      place: { definition, repetition: at.repetition, state },
      hasBloomFilter: bloomFilters.has(path.join('.')),
    }
    const builder = buildColumn(leaf, tools)
    leaves.push({ column: leaf, builder })
    return builder
  }
}

interface TreePlace {
  readonly name: string
  readonly path: readonly string[]
  /** Levels of what is around it. */
  readonly definition: number
  readonly repetition: number
  readonly repeatedFrom: number
}

/** Begins the row of a nested column, whatever a refused value left behind. */
class Head {
  readonly #taker: ValueTaker
  readonly #state: RepetitionState

  constructor(taker: ValueTaker, state: RepetitionState) {
    this.#taker = taker
    this.#state = state
  }
  append(value: unknown): void {
    this.#state.level = 0
    this.#taker.append(value)
  }
}

export class StructTaker implements ValueTaker {
  readonly names: readonly string[]
  readonly fields: readonly ValueTaker[]
  readonly #place: Place
  /** Definition level of a struct that is there. */
  readonly #definition: number

  constructor(place: Place, definition: number, names: readonly string[], fields: readonly ValueTaker[]) {
    this.#place = place
    this.#definition = definition
    this.names = names
    this.fields = fields
  }
  append(value: unknown): void {
    const fields = this.fields
    if (isRecord(value)) {
      const names = this.names
      for (let i = 0; i < fields.length; i++) fields[i]!.append(value[names[i]!])
    } else {
      if ((value !== null && value !== undefined) || !this.#place.optional) refuse(this.#place, value)
      this.absent(this.#definition - 1)
    }
  }
  absent(level: number): void {
    for (const field of this.fields) field.absent(level)
  }
}

class ListTaker implements ValueTaker {
  readonly #place: Place
  /** Definition level of a list that is there and empty. */
  readonly #definition: number
  readonly #repetition: number
  readonly #state: RepetitionState
  readonly #element: ValueTaker

  constructor(place: Place, definition: number, repetition: number, state: RepetitionState, element: ValueTaker) {
    this.#place = place
    this.#definition = definition
    this.#repetition = repetition
    this.#state = state
    this.#element = element
  }
  append(value: unknown): void {
    const element = this.#element
    if (Array.isArray(value)) {
      if (value.length === 0) return element.absent(this.#definition)
      const state = this.#state
      const around = state.level
      for (const item of value as unknown[]) {
        element.append(item)
        state.level = this.#repetition
      }
      state.level = around
    } else {
      if ((value !== null && value !== undefined) || !this.#place.optional) refuse(this.#place, value)
      element.absent(this.#definition - 1)
    }
  }
  absent(level: number): void {
    this.#element.absent(level)
  }
}

class MapTaker implements ValueTaker {
  readonly #place: Place
  readonly #definition: number
  readonly #repetition: number
  readonly #state: RepetitionState
  readonly #key: ValueTaker
  readonly #value: ValueTaker

  constructor(
    place: Place,
    definition: number,
    repetition: number,
    state: RepetitionState,
    key: ValueTaker,
    value: ValueTaker,
  ) {
    this.#place = place
    this.#definition = definition
    this.#repetition = repetition
    this.#state = state
    this.#key = key
    this.#value = value
  }
  append(value: unknown): void {
    if (types.isMap(value)) {
      if (value.size === 0) this.absent(this.#definition)
      else this.#appendEntries(value)
    } else if (isRecord(value)) {
      const entries = Object.entries(value)
      if (entries.length === 0) this.absent(this.#definition)
      else this.#appendEntries(entries)
    } else {
      if ((value !== null && value !== undefined) || !this.#place.optional) refuse(this.#place, value)
      this.absent(this.#definition - 1)
    }
  }
  absent(level: number): void {
    this.#key.absent(level)
    this.#value.absent(level)
  }
  #appendEntries(entries: Iterable<readonly [unknown, unknown]>): void {
    const state = this.#state
    const around = state.level
    for (const [key, value] of entries) {
      this.#key.append(key)
      this.#value.append(value)
      state.level = this.#repetition
    }
    state.level = around
  }
}

/** An object with named properties, as structs are: no array, Map, bytes or date. */
function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return !(value instanceof Map || value instanceof Uint8Array || value instanceof Date)
}
