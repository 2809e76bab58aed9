import { ISOLATION_LEVELS } from '../list-offsets.ts'
import type { FetcherOptions, ResetPolicy } from '../port.ts'
import { SettingsCheck } from '../settings.ts'

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
    pollBytesMax: Math.min(options.pollBytesMax ?? bytesMax, bytesMax),
    partitionBytesMax: options.partitionBytesMax ?? MIB,
    bufferBytesMax,
    rackId: options.rackId ?? '',
    reset: options.reset ?? 'none',
    isLent: options.isLent ?? false,
    clientId: options.clientId,
  }
  const { isolation, reset, maxWaitMs, minBytes, pollBytesMax, partitionBytesMax } = settings
  const check = new SettingsCheck('a fetcher')
  check.oneOf('isolation', isolation, Object.keys(ISOLATION_LEVELS))
  check.whole({ maxWaitMs, minBytes }, 0)
  check.whole({ bytesMax, pollBytesMax, partitionBytesMax, bufferBytesMax }, 1)
  check.check(isReset(reset), `reset is ${resetText(reset)}: earliest, latest, none, { timestamp } or { durationMs }`)
  check.done()
  return settings
}

function isReset(reset: ResetPolicy): boolean {
  if (typeof reset === 'string') return reset === 'earliest' || reset === 'latest' || reset === 'none'
  const ms = 'timestamp' in reset ? reset.timestamp : reset.durationMs
  return Number.isSafeInteger(ms) && ms >= 0
}

/** As people write it: in logs and errors. */
export function resetText(reset: ResetPolicy): string {
  if (typeof reset === 'string') return reset
  return 'timestamp' in reset ? `timestamp ${reset.timestamp}` : `the last ${reset.durationMs} ms`
}
