import { expect, test } from '@jest/globals'
import type { Admin } from '@sluice/kafka'
import { recordLimits } from '../../../src/runtime/topics/record-limits.ts'

test('what topics take is asked of their broker: sizes, and how far ahead or behind times may be where they are the records’ own', async () => {
  const settings: Record<string, Record<string, string>> = {
    usual: {
      'max.message.bytes': '1048588',
      'message.timestamp.after.max.ms': '3600000',
      'message.timestamp.before.max.ms': '9223372036854775807',
      'message.timestamp.type': 'CreateTime',
    },
    recent: { 'message.timestamp.before.max.ms': '604800000' },
    brief: { 'message.timestamp.before.max.ms': '1000' },
    stamped: {
      'message.timestamp.after.max.ms': '3600000',
      'message.timestamp.before.max.ms': '604800000',
      'message.timestamp.type': 'LogAppendTime',
    },
    old: { 'max.message.bytes': '2000' },
  }
  const describe = async (resources: readonly { readonly name: string }[]): Promise<unknown> =>
    resources.map((item) => {
      const found = settings[item.name]
      return { item, value: found && Object.entries(found).map(([name, value]) => ({ name, value })), error: null }
    })
  const admin = { configs: { describe } } as unknown as Admin
  expect(Object.fromEntries(await recordLimits([...Object.keys(settings), 'secret'], admin))).toEqual({
    usual: { bytes: 1_048_588, aheadMs: 3_600_000, behindMs: Infinity },
    // Some of it is for the way there.
    recent: { bytes: Infinity, aheadMs: Infinity, behindMs: 604_740_000 },
    brief: { bytes: Infinity, aheadMs: Infinity, behindMs: 900 },
    stamped: { bytes: Infinity, aheadMs: Infinity, behindMs: Infinity },
    old: { bytes: 2_000, aheadMs: Infinity, behindMs: Infinity },
    secret: { bytes: Infinity, aheadMs: Infinity, behindMs: Infinity },
  })
})
