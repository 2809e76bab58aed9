import { atLeast, defineSettings, defineSource, listOf, oneOf } from '@sluice/sdk'
import type { Connector, ParsedSettings, SourceConnector, Password } from '@sluice/sdk'

export const settings = defineSettings(
  {
    file: { type: 'string', importance: 'high', documentation: 'x' },
    'batch.size': {
      type: 'int',
      default: 2000,
      validator: atLeast(1),
      importance: 'low',
      documentation: 'x',
      dependents: ['file'],
    },
    'key.field': { type: 'string', default: null, importance: 'low', documentation: 'x' },
    format: {
      type: 'string',
      default: 'lines',
      validator: oneOf('lines', 'csv'),
      importance: 'low',
      documentation: 'x',
    },
    kinds: { type: 'list', default: ['a'], validator: listOf(['a', 'b']), importance: 'low', documentation: 'x' },
    secret: { type: 'password', default: null, importance: 'low', documentation: 'x' },
  },
  {
    *check(s) {
      const f: 'lines' | 'csv' = s.format
      if (f === 'csv' && s['key.field'] === null) yield { setting: 'key.field', message: 'no' }
    },
  },
)
type Settings = ParsedSettings<typeof settings>
const exact: {
  file: string
  'batch.size': number
  'key.field': string | null
  format: 'lines' | 'csv'
  kinds: readonly ('a' | 'b')[]
  secret: Password | null
} = settings.parse({})
export const back: Settings = exact
// @ts-expect-error not nullable
export const notNull: string = settings.parse({})['key.field']

const source = defineSource({
  name: 'x',
  version: '1',
  documentation: 'x',
  settings,
  createTask(settings, context) {
    const n: number = settings['batch.size']
    // @ts-expect-error unknown setting
    void settings.nothing
    context.logger.info(String(n))
    throw new Error()
  },
})
export const any: Connector = source
export const plain: SourceConnector = source
export const x: readonly Connector[] = [source]
export const direct: Connector = defineSource({
  name: 'x',
  version: '1',
  documentation: 'x',
  settings,
  createTask(settings) {
    const n: number = settings['batch.size']
    throw new Error(String(n))
  },
})
export const merged = settings
  .extend(defineSettings({ file: { type: 'int', importance: 'low', documentation: '' } }))
  .parse({})
export const m: number = merged.file
export const mm: number = merged['batch.size']
