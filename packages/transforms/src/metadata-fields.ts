/** The settings `add.fields` and `add.headers` of Debezium's transforms: metadata of a change event, under names of one's own. */
import { primitive, SluiceError, withOptional } from '@sluice/sdk'
import type { Schema, Value } from '@sluice/sdk'
import { schemaAt, valueOf } from './change-event.ts'
import type { ChangeEvent } from './change-event.ts'

/** One field of the envelope, such as `op`, `source.ts_ms`, or `lsn`, which is the source's. */
export interface MetadataField {
  readonly name: string
  value(this: void, event: ChangeEvent): Value
  /** Always optional; of text where the envelope's schema has no such field. */
  schema(this: void, event: ChangeEvent): Schema | null
}

const OF_THE_ENVELOPE: ReadonlySet<string> = new Set(['op', 'ts_ms', 'ts_us', 'ts_ns'])
const OPTIONAL_TEXT: Schema = primitive('string', { optional: true })

/** @throws SluiceError SETTINGS_INVALID for what is no field, or no `field:name` */
export function metadataFields(specs: readonly string[], prefix: string, setting: string): readonly MetadataField[] {
  return specs.map((spec) => {
    const [path = '', alias, ...rest] = spec.trim().split(':')
    const steps = path.split('.')
    if (rest.length > 0 || alias === '' || steps.length > 2 || steps.includes(''))
      throw new SluiceError(
        'SETTINGS_INVALID',
        `Invalid value ${spec} for configuration ${setting}: Unexpected field name`,
        {
          remedy: 'Name fields of the envelope or of its source, as in op,source.ts_ms or lsn:position.',
        },
      )
    const outer = steps.length === 2 ? steps[0] : undefined
    const name = steps.at(-1)!
    const struct = outer ?? (OF_THE_ENVELOPE.has(path) ? null : 'source')
    return {
      name: prefix + (alias ?? steps.join('_')),
      value: ({ value }) => valueOf(struct === null ? value : valueOf(value, struct), name),
      schema({ schema }) {
        if (schema === null) return null
        const found = schemaAt(struct === null ? schema : schemaAt(schema, struct), name)
        return found === null ? OPTIONAL_TEXT : withOptional(found, true)
      },
    }
  })
}
