import type { RawSettings, SettingProblem } from '@sluice/sdk'
import { HerderError, type Herder } from '../herder/herder.ts'

const OVERRIDE = 'consumer.override.group.id'

/** The consumer group of a sink connector, from its resolved settings. */
export function groupOfSink(settings: RawSettings): string {
  return settings[OVERRIDE] ?? `connect-${settings['name']}`
}

/** The sink connector of this worker's cluster whose consumer group that is; null: none. */
export async function sinkOfGroup(
  group: string,
  herder: Pick<Herder, 'connectors' | 'connectorInfo'>,
  resolve: (config: RawSettings) => Promise<{ readonly settings: RawSettings }>,
): Promise<string | null> {
  for (const name of herder.connectors()) {
    const { type, config } = await herder.connectorInfo(name).catch(nothingIfGone)
    if (type === 'source') continue
    // Only the one setting is looked up: what else providers have is of no interest here.
    const override = config[OVERRIDE]
    const given = { name, ...(override !== undefined && { [OVERRIDE]: override }) }
    const { settings } = override?.includes('${') === true ? await resolve(given) : { settings: given }
    if (groupOfSink(settings) === group) return name
  }
  return null
}

/** What a sink has against it whose group is a processor's. `ownerOf`: the processor; null: none. */
export function groupProblem(
  settings: RawSettings,
  ownerOf: (group: string) => string | null,
): readonly SettingProblem[] {
  const group = groupOfSink(settings)
  const owner = ownerOf(group)
  const setting = settings[OVERRIDE] === undefined ? 'name' : OVERRIDE
  return owner === null ? [] : [{ setting, message: `Consumer group ${group} is that of processor ${owner}` }]
}

/** One may be deleted meanwhile. */
function nothingIfGone(error: unknown): { readonly type: string; readonly config: RawSettings } {
  if (error instanceof HerderError && error.status === 404) return { type: 'source', config: {} }
  throw error
}
