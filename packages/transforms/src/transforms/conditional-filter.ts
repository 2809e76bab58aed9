/** Confluent's Filter: includes or excludes records by a condition on fields of their key or value. */
import { DataError, defineSettings, oneOf, SluiceError } from '@sluice/sdk'
import type { ConnectRecord, Transform, TransformPlugin } from '@sluice/sdk'
import { compileExpression, isTrue } from '../expression/expression.ts'
import type { Expression } from '../expression/expression.ts'
import { CONFLUENT, keyAndValue } from '../record-side.ts'

const settings = defineSettings({
  'filter.condition': {
    type: 'string',
    importance: 'high',
    documentation:
      "A JSONPath of one condition, such as $[?(@.state == 'paid' && @.sum > 100)]; in it stands an expression of this page's.",
  },
  'filter.type': {
    type: 'string',
    validator: oneOf('include', 'exclude'),
    importance: 'high',
    documentation: 'Whether only records pass that fit the condition, or only those that do not.',
  },
  'missing.or.null.behavior': {
    type: 'string',
    default: 'fail',
    validator: oneOf('fail', 'include', 'exclude'),
    importance: 'medium',
    documentation:
      'What becomes of records in which a field of the condition is missing or null: they are bad, pass, or are dropped.',
  },
})

export const conditionalFilter: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'conditional-filter',
    className: 'Filter',
    packages: [CONFLUENT],
    documentation: 'Includes or excludes records by a condition on fields of their key or value.',
  },
  settings,
  (side, raw) => {
    const parsed = settings.parse(raw)
    const root: Expression = (record) => side.value(record)
    const text = conditionOf(parsed['filter.condition'])
    const condition = compileExpression(text, 'filter.condition', root)
    const fields = pathsIn(text).map((path) => ({ path, read: compileExpression(path, 'filter.condition', root) }))
    const isIncluding = parsed['filter.type'] === 'include'
    const ofMissing = parsed['missing.or.null.behavior']
    const transform: Transform = <R extends ConnectRecord>(record: R): R | null => {
      const missing = fields.find(({ read }) => read(record) === null)
      if (missing === undefined) return isTrue(condition(record)) === isIncluding ? record : null
      if (ofMissing !== 'fail') return ofMissing === 'include' ? record : null
      throw new DataError(
        `The field ${missing.path.replace('@?.', '').replaceAll('?.', '.')} of filter.condition is missing or null`,
        {
          remedy: 'Set missing.or.null.behavior to include or exclude if such records are meant to be.',
        },
      )
    }
    return transform
  },
)

/** What stands in `$[?(…)]`; each step into a field gives null where there is nothing to step into. */
function conditionOf(path: string): string {
  const found = /^\s*\$(?:\.?\*|\.\.\*)?\[\?\(([^]*)\)\]\s*$/.exec(path)
  if (found === null)
    throw new SluiceError(
      'SETTINGS_INVALID',
      `Invalid value ${path} for configuration filter.condition: not $[?(condition)]`,
      {
        remedy: "Write the condition as $[?(@.field == 'text')].",
      },
    )
  return found[1]!.replaceAll(FIELD, (field) => field.replaceAll('.', '?.'))
}

const FIELD = /@(?:\??\.[A-Za-z_$][\w$]*(?![\w$]|\s*\())+/g

function pathsIn(text: string): readonly string[] {
  return [...new Set(text.match(FIELD) ?? [])]
}
