import { SluiceError } from '@sluice/sdk'

/** @throws SluiceError TOPOLOGY_INVALID unless the value is a whole number of milliseconds of at least `least` */
export function checkDuration(what: string, valueMs: number, least: number): number {
  if (Number.isSafeInteger(valueMs) && valueMs >= least) return valueMs
  throw new SluiceError('TOPOLOGY_INVALID', `${what} is ${valueMs}`, {
    remedy: `Give a whole number of milliseconds that is at least ${least}.`,
  })
}
