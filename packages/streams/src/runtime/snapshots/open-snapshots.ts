import { openObjectStore } from '@sluice/object-store'
import type { StreamsSettings } from '../../streams-settings.ts'
import { Snapshots, type SnapshotsParts } from './snapshots.ts'

/** Null: no snapshots are wanted. @throws SluiceError SETTINGS_INVALID for a URL that no object store serves */
export function openSnapshots(
  settings: StreamsSettings,
  parts: Omit<SnapshotsParts, 'store' | 'settings'>,
): Snapshots | null {
  const url = settings['snapshot.url']
  if (url === null) return null
  return new Snapshots({
    ...parts,
    store: openObjectStore(url, { clock: parts.clock }),
    settings: {
      intervalMs: settings['snapshot.interval.ms'],
      keep: settings['snapshot.retained'],
      ageMaxMs: settings['snapshot.max.age.ms'],
    },
  })
}
