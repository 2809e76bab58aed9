import { SluiceError } from '@sluice/sdk'

export function topologyInvalid(
  message: string,
  remedy: string,
  place?: Readonly<Record<string, string | number>>,
): SluiceError {
  return new SluiceError('TOPOLOGY_INVALID', message, { remedy, ...(place === undefined ? {} : { place }) })
}
