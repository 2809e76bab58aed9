import { DataError, type StructValue } from '@sluice/sdk'

/** A row of the table of airports. */
export interface Airport extends StructValue {
  readonly city: string | null
  readonly state: string | null
}

/** Ships and islands have neither city nor state, which the file writes as NA. @throws DataError */
export function toAirport(line: StructValue): Airport {
  return { city: given(line, 'city'), state: given(line, 'state') }
}

function given(line: StructValue, field: string): string | null {
  const value = line[field]
  if (typeof value !== 'string') throw new DataError(`${field} is no text`, { place: { field } })
  return value === '' || value === 'NA' ? null : value
}
