/** Where the columns of an outbox table go to besides key and payload: `table.fields.additional.placement`. */
import { SluiceError } from '@sluice/sdk'

export type Placement = 'header' | 'envelope' | 'partition'

export interface PlacedColumn {
  readonly column: string
  readonly placement: Placement
  /** The name of the header, or of the field beside the payload. */
  readonly alias: string
}

const PLACEMENTS: readonly string[] = ['header', 'envelope', 'partition'] satisfies Placement[]

/** Reads `column:placement` and `column:placement:alias`. @throws SluiceError SETTINGS_INVALID */
export function placedColumns(specs: readonly string[]): readonly PlacedColumn[] {
  return specs.map((spec) => {
    const [column = '', placement = '', alias = column, ...rest] = spec.split(':').map((part) => part.trim())
    if (column === '' || !PLACEMENTS.includes(placement) || alias === '' || rest.length > 0)
      throw new SluiceError(
        'SETTINGS_INVALID',
        `Invalid value ${spec} for configuration table.fields.additional.placement: not column:placement or column:placement:alias`,
        { remedy: `Give a column and where it goes: ${PLACEMENTS.join(', ')}.` },
      )
    return { column, placement: placement as Placement, alias }
  })
}
