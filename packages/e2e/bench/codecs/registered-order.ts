/** A record of six fields for converters that ask a registry, which they are made ready with. */
import { NotReadyError, primitive, struct } from '@sluice/sdk'

export const SCHEMA = struct(
  {
    id: primitive('int64'),
    name: primitive('string'),
    amount: primitive('float64'),
    active: primitive('boolean'),
    ts: primitive('int64'),
    note: primitive('string', { optional: true }),
  },
  { name: 'bench.Order' },
)
export const VALUE = {
  id: 7,
  name: 'customer 7',
  amount: 8.75,
  active: false,
  ts: 1_700_000_000_007,
  note: 'x'.repeat(40),
}

/** What the worker does: it waits for what is missing, and asks again. */
export async function ready<T>(convert: () => T): Promise<T> {
  try {
    return convert()
  } catch (error) {
    if (!(error instanceof NotReadyError)) throw error
    await error.ready(new AbortController().signal)
    return ready(convert)
  }
}
