import type { Admin } from '@sluice/kafka'
import type { RecordLimits } from '../../record-path/sink-step.ts'

const BYTES = 'max.message.bytes'
const AHEAD = 'message.timestamp.after.max.ms'
const TIME = 'message.timestamp.type'

/**
 * What the broker has each of these topics take, so that a record that it would refuse is found when it is put out, and not when it has
 * been counted. Topics whose settings may not be looked at, or are not there, are left out.
 */
export async function recordLimits(
  topics: readonly string[],
  admin: Pick<Admin, 'configs'>,
): Promise<ReadonlyMap<string, RecordLimits>> {
  if (topics.length === 0) return new Map()
  const resources = topics.map((name) => ({ type: 'topic' as const, name, names: [BYTES, AHEAD, TIME] }))
  const outcomes = await admin.configs.describe(resources)
  return new Map(
    outcomes.map(({ item, value }): [string, RecordLimits] => {
      const of = (setting: string): string | null | undefined => value?.find(({ name }) => name === setting)?.value
      // The broker's own time is never ahead of it.
      const aheadMs = of(TIME) === 'LogAppendTime' ? Infinity : numberOf(of(AHEAD))
      return [item.name, { bytes: numberOf(of(BYTES)), aheadMs }]
    }),
  )
}

/** Infinity: not known, or of a broker that has no such setting. */
function numberOf(text: string | null | undefined): number {
  const number = Number(text ?? Number.NaN)
  return Number.isFinite(number) ? number : Infinity
}
