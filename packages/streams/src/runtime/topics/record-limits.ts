import type { Admin } from '@sluice/kafka'

/**
 * How large a record of each of these topics may be as its broker has it (`max.message.bytes`), so that one that is larger is found when
 * it is put out, and not when it has been counted. Topics whose settings may not be looked at, or are not there, are left out.
 */
export async function recordLimits(
  topics: readonly string[],
  admin: Pick<Admin, 'configs'>,
): Promise<ReadonlyMap<string, number>> {
  if (topics.length === 0) return new Map()
  const resources = topics.map((name) => ({ type: 'topic' as const, name, names: ['max.message.bytes'] }))
  const outcomes = await admin.configs.describe(resources)
  return new Map(
    outcomes.flatMap(({ item, value }): [string, number][] => {
      const bytes = Number(value?.find(({ name }) => name === 'max.message.bytes')?.value ?? Number.NaN)
      return Number.isFinite(bytes) ? [[item.name, bytes]] : []
    }),
  )
}
