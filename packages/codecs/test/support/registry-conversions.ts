import { NotReadyError } from '@sluice/sdk'
import type { SeededRandom } from '@sluice/sdk/testing'

/** What the worker does: it waits for what is missing, and asks again. */
export async function ready<T>(convert: () => T): Promise<T> {
  for (let waits = 0; ; waits++)
    try {
      return convert()
    } catch (error) {
      if (!(error instanceof NotReadyError) || waits > 4) throw error
      await error.ready(new AbortController().signal)
    }
}

/** What the conversion fails with, once nothing is missing. */
export async function failure(convert: () => unknown): Promise<unknown> {
  try {
    await ready(convert)
  } catch (error) {
    return error
  }
  throw new Error('It did not fail')
}

/** Of a Decimal of this scale. */
export function decimalText(random: SeededRandom, scale: number): string {
  const digits = String(random.below(1_000_000)).padStart(scale + 1, '0')
  const whole = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  return random.chance(0.3) && /[1-9]/.test(whole) ? `-${whole}` : whole
}
