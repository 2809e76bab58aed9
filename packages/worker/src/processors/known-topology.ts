/**
 * What a processor's state was written by, as the catalogue knows it: so that a worker refuses a topology that does not fit even where its own
 * disk is fresh. It comes to the processor's process among its settings.
 */
import type { RawSettings } from '@sluice/sdk'
import type { TopologyRecord, WrittenTopology } from '@sluice/streams'

/** No setting that anybody may give. */
export const SETTING = 'sluice.written.topology'

/** @param written as JSON; null: nothing is known */
export function withKnown(config: RawSettings, written: string | null): RawSettings {
  const { [SETTING]: _, ...own } = config
  return written === null ? own : { ...own, [SETTING]: written }
}

/** The settings without it, and what is known of this application: a processor may have had another one before. */
export function takeKnown(config: RawSettings): {
  readonly own: RawSettings
  readonly known: (application: string) => WrittenTopology | null
} {
  const { [SETTING]: text, ...own } = config
  return { own, known: (application) => (text === undefined ? null : parsed(text, application)) }
}

/** What is beside the state is about this very state; the catalogue knows where there is nothing. */
export function recordWith(file: TopologyRecord, known: WrittenTopology | null): TopologyRecord {
  return { read: async () => (await file.read()) ?? known, write: (topology) => file.write(topology) }
}

function parsed(text: string, application: string): WrittenTopology | null {
  const { version, ...found } = JSON.parse(text) as WrittenTopology & { readonly version: unknown }
  return version === 1 && found.application === application ? { version, ...found } : null
}
