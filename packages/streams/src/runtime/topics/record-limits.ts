import type { Admin } from '@sluice/kafka'
import type { RecordLimits } from '../../record-path/sink-step.ts'

const BYTES = 'max.message.bytes'
const AHEAD = 'message.timestamp.after.max.ms'
const BEHIND = 'message.timestamp.before.max.ms'
const TIME = 'message.timestamp.type'

/** A record that is nearly too old when it is put out would be so when it comes to the broker. */
const WAY_MS = 60_000

/**
 * What the broker has each of these topics take, so that a record that it would refuse is found when it is put out, and not when it has
 * been counted. Topics whose settings may not be looked at, or are not there, are left out.
 */
export async function recordLimits(
  topics: readonly string[],
  admin: Pick<Admin, 'configs'>,
): Promise<ReadonlyMap<string, RecordLimits>> {
  if (topics.length === 0) return new Map()
  const resources = topics.map((name) => ({ type: 'topic' as const, name, names: [BYTES, AHEAD, BEHIND, TIME] }))
  const outcomes = await admin.configs.describe(resources)
  return new Map(
    outcomes.map(({ item, value }): [string, RecordLimits] => {
      const of = (setting: string): string | null | undefined => value?.find(({ name }) => name === setting)?.value
      // The broker's own time is never ahead of it, nor behind.
      const isOwn = of(TIME) === 'LogAppendTime'
      const [aheadMs, beforeMs] = isOwn ? [Infinity, Infinity] : [numberOf(of(AHEAD)), numberOf(of(BEHIND))]
      return [item.name, { bytes: numberOf(of(BYTES)), aheadMs, behindMs: beforeMs - Math.min(WAY_MS, beforeMs / 10) }]
    }),
  )
}

/** Infinity: not known, or of a broker that has no such setting; and the largest that there is, of which Kafka makes its defaults. */
function numberOf(text: string | null | undefined): number {
  const number = Number(text ?? Number.NaN)
  return Number.isSafeInteger(number) ? number : Infinity
}
