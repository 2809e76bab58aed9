/** Names of fields in settings, by Connect's two syntaxes (KIP-821): V1, a name as it is, and V2, where dots lead into nested fields. */
import { DataError, fieldOf, oneOfIgnoringCase, SluiceError } from '@sluice/sdk'
import type { Field, Schema, StructValue, Value } from '@sluice/sdk'
import { fieldValue, requireMap } from './fields.ts'
import { readField } from './struct-plan.ts'

/** The setting `field.syntax.version`. */
export const fieldSyntaxVersion = {
  type: 'string',
  default: 'V1',
  validator: oneOfIgnoringCase('V1', 'V2'),
  importance: 'high',
  documentation:
    'How field names are read: V1 takes them as they are; in V2 dots lead into nested fields, and `backticks` enclose a name with dots.',
} as const

/** The steps of a path. @throws SluiceError SETTINGS_INVALID for a backtick without its other half */
export function fieldPath(text: string, version: string): readonly string[] {
  return version.toUpperCase() === 'V2' ? nested(text) : [text]
}

/**
 * The fields along a path, the last one being what it leads to; undefined when one of them does not exist.
 * @throws DataError in Connect's words (`ConnectSchema.field`) for a step into what is no struct
 */
export function fieldsAlong(schema: Schema, path: readonly string[]): readonly Field[] | undefined {
  const along: Field[] = []
  let at: Schema = schema
  for (const name of path) {
    if (at.type !== 'struct') throw new DataError('Cannot look up fields on non-struct type')
    const field: Field | undefined = fieldOf(at, name)
    if (field === undefined) return undefined
    along.push(field)
    at = field.schema
  }
  return along
}

/** The value at a path of objects without a schema; null where there is none. @throws DataError for a step into what is no object */
export function valueAt(value: Value, path: readonly string[]): Value {
  let at: Value = value
  path.forEach((name, index) => {
    if (at !== null && at !== undefined) at = fieldValue(requireMap(at, index === 0 ? PURPOSE : NESTED), name)
  })
  return at
}

/** As `valueAt`, in a struct. */
export function structValueAt(struct: StructValue, along: readonly Field[], replaceNull: boolean): Value {
  let at: Value = struct
  for (const field of along) {
    if (at === null) return null
    at = readField(at as StructValue, field, replaceNull)
  }
  return at
}

const PURPOSE = 'field extraction'
const NESTED = 'nested field access'

function nested(path: string): readonly string[] {
  const steps: string[] = []
  let at = 0
  while (at < path.length) {
    if (path[at] === '`') {
      const [step, next] = enclosed(path, at)
      steps.push(step)
      at = next
    } else {
      const dot = path.indexOf('.', at)
      steps.push(dot < 0 ? path.slice(at) : path.slice(at, dot))
      at = dot < 0 ? path.length : dot + 1
    }
  }
  if (path.endsWith('.')) steps.push('')
  return steps
}

/** A step between backticks. Only a backtick before a dot or the end closes it, and not when a backslash precedes it. */
function enclosed(path: string, open: number): [step: string, next: number] {
  let step = ''
  let from = open + 1
  for (let at = from; ; at++) {
    at = path.indexOf('`', at)
    const escaped = path[at - 1] === '\\'
    const isLast = at === path.length - 1
    if (at < 0 || (isLast && escaped))
      throw new SluiceError(
        'SETTINGS_INVALID',
        `Incomplete backtick pair in path: [${path}], consider adding a backslash before backtick at position ${open} to escape it`,
      )
    if (!isLast && path[at + 1] !== '.') continue
    if (!escaped) return [step + path.slice(from, at), at + 2]
    step += `${path.slice(from, at - 1)}\``
    from = at + 1
  }
}
