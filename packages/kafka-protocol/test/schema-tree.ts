import type { Struct } from '@sluice/kafka-protocol'

/** A second, independent reading of the table's notation: into the field trees that Kafka's own schemas print. */
interface Range {
  readonly first: number
  readonly last: number
}

/** The fields of a struct in one version, as `schemas.json` writes them. */
export function expandFields(struct: Struct, version: number, all: Range, isFlexible: boolean): unknown[] {
  const fields: unknown[] = []
  const tagged: { tag: number; name: string; type: unknown }[] = []
  for (const [name, field] of Object.entries(struct)) {
    if (name === '$') continue
    const line = typeof field === 'string' ? field : (field['$'] as string)
    const words = line.split(' = ')[0]!.split(' ')
    const type = words.shift()!
    const versions = /^\d/.test(words[0] ?? '') ? rangeOf(words.shift()!, all) : all
    if (!holds(versions, version)) continue
    const nullAt = words.indexOf('null')
    const nulls = nullAt >= 0 && /^\d/.test(words[nullAt + 1] ?? '') ? rangeOf(words[nullAt + 1]!, all) : versions
    const isNullable = nullAt >= 0 && holds(nulls, version)
    const tagAt = words.indexOf('tag')
    const expanded = typeOf(type, field, version, versions, isFlexible, isNullable)
    if (tagAt >= 0) tagged.push({ tag: Number(words[tagAt + 1]), name, type: expanded })
    else fields.push({ name, type: expanded })
  }
  if (isFlexible) fields.push({ tagged })
  return fields
}

function typeOf(
  word: string,
  field: string | Struct,
  version: number,
  versions: Range,
  isFlexible: boolean,
  isNullable: boolean,
): unknown {
  if (word.startsWith('[]')) {
    const of =
      typeof field === 'string'
        ? scalar(word.slice(2), isFlexible, false)
        : expandFields(field, version, versions, isFlexible)
    const array = isFlexible ? (isNullable ? 'compact-nullable' : 'compact') : isNullable ? 'nullable' : 'plain'
    return { array, of }
  }
  // The schemas do not print that a struct may be null.
  if (typeof field !== 'string') return expandFields(field, version, versions, isFlexible)
  return scalar(word, isFlexible, isNullable)
}

function scalar(word: string, isFlexible: boolean, isNullable: boolean): string {
  if (!['string', 'bytes', 'records'].includes(word)) return word
  return `${isFlexible ? 'compact_' : ''}${isNullable ? 'nullable_' : ''}${word}`
}

function rangeOf(text: string, all: Range): Range {
  const [first, last] = text.split('-')
  if (text.endsWith('+')) return { first: Number(text.slice(0, -1)), last: all.last }
  return { first: Number(first), last: Number(last ?? first) }
}

function holds({ first, last }: Range, version: number): boolean {
  return version >= first && version <= last
}
