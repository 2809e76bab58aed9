import { SluiceError } from '@sluice/sdk'
import type { FetcherOptions, ResetPolicy } from '../port.ts'

/** The options of a fetcher with their defaults filled in. */
export type FetchSettings = Required<Omit<FetcherOptions, 'clientId'>> & { readonly clientId: string | undefined }

const MIB = 1024 * 1024

/** @throws SluiceError SETTINGS_INVALID */
export function fetchSettings(options: FetcherOptions): FetchSettings {
  const bufferBytesMax = options.bufferBytesMax ?? 24 * MIB
  const bytesMax = Math.min(options.bytesMax ?? 6 * MIB, bufferBytesMax)
  const settings: FetchSettings = {
    isolation: options.isolation ?? 'read_uncommitted',
    maxWaitMs: options.maxWaitMs ?? 500,
    minBytes: options.minBytes ?? 1,
    bytesMax,
    partitionBytesMax: options.partitionBytesMax ?? MIB,
    bufferBytesMax,
    rackId: options.rackId ?? '',
    reset: options.reset ?? 'none',
    clientId: options.clientId,
  }
  const { maxWaitMs, minBytes, partitionBytesMax } = settings
  const numbers = { maxWaitMs, minBytes, bytesMax, partitionBytesMax, bufferBytesMax }
  for (const [name, value] of Object.entries(numbers)) {
    const least = name.endsWith('BytesMax') || name === 'bytesMax' ? 1 : 0
    if (!Number.isSafeInteger(value) || value < least || value > 0x7fffffff) {
      throw new SluiceError('SETTINGS_INVALID', `${name} of a fetcher is ${value}`, {
        remedy: `Give a whole number from ${least} to 2147483647.`,
      })
    }
  }
  return settings
}

/** As people write it: in logs and errors. */
export function resetText(reset: ResetPolicy): string {
  if (typeof reset === 'string') return reset
  return 'timestamp' in reset ? `timestamp ${reset.timestamp}` : `the last ${reset.durationMs} ms`
}
