import { expect, test } from '@jest/globals'
import type { Admin, GroupDescription, GroupOffset, Outcome } from '@sluice/kafka'
import { SluiceError } from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import { syncGroupOffsets } from '../../src/checkpoint/group-sync.ts'
import type { Checkpoint } from '../../src/formats/checkpoint.ts'

function refused(error: string): SluiceError {
  return new SluiceError('KAFKA_REFUSED', `refused: ${error}`, { place: { error } })
}

/** A target on which each group is in this state, and stands at offset 5 of partition 0; null: the group is not there. */
function targetWith(states: Readonly<Record<string, string | null>>, answer: SluiceError | null = null) {
  const altered: Record<string, readonly number[]> = {}
  const at: GroupOffset = { topic: 't', partition: 0, offset: 5, metadata: '', leaderEpoch: -1 }
  const none = <V>(item: string): Outcome<string, V> => ({ item, value: null, error: refused('GROUP_ID_NOT_FOUND') })
  const groups: Pick<Admin['groups'], 'describe' | 'offsets' | 'alterOffsets'> = {
    describe: async (ids) =>
      ids.map((item) => {
        const state = states[item] ?? null
        return state === null ? none(item) : { item, value: { state } as GroupDescription, error: null }
      }),
    offsets: async (ids) =>
      ids.map((item) => (states[item] === null ? none(item) : { item, value: [at], error: null })),
    alterOffsets: async (group, offsets) => {
      if (answer === null) altered[group] = offsets.map(({ offset }) => offset)
      return offsets.map((item) =>
        answer === null ? { item, value: undefined, error: null } : { item, value: null, error: answer },
      )
    },
  }
  return { admin: { groups } as Pick<Admin, 'groups'>, altered }
}

function checkpoint(partition: number, downstreamOffset: number): Checkpoint {
  return { group: 'g', topic: 't', partition, upstreamOffset: 0, downstreamOffset, metadata: '' }
}

test('groups that somebody is in are not touched; those that are empty, dead or not there are', async () => {
  const { admin, altered } = targetWith({ used: 'Stable', moving: 'PreparingRebalance', empty: 'Empty', none: null })
  const groups = ['used', 'moving', 'empty', 'none', 'without checkpoints']
  const of = (group: string) => (group === 'without checkpoints' ? [] : [checkpoint(0, 9)])
  expect(await syncGroupOffsets(admin, groups, of, new MemoryLogger())).toBe(2)
  expect(altered).toEqual({ empty: [9], none: [9] })
})

test('offsets move only forward', async () => {
  const { admin, altered } = targetWith({ g: 'Empty' })
  for (const behind of [4, 5]) await syncGroupOffsets(admin, ['g'], () => [checkpoint(0, behind)], new MemoryLogger())
  expect(altered).toEqual({})
  await syncGroupOffsets(admin, ['g'], () => [checkpoint(0, 4), checkpoint(1, 0)], new MemoryLogger())
  expect(altered).toEqual({ g: [0] })
})

test('somebody who joins meanwhile is left alone without a word; other refusals are told', async () => {
  for (const [error, warnings] of [
    ['UNKNOWN_MEMBER_ID', 0],
    ['GROUP_AUTHORIZATION_FAILED', 1],
  ] as const) {
    const { admin } = targetWith({ g: 'Empty' }, refused(error))
    const logger = new MemoryLogger()
    expect(await syncGroupOffsets(admin, ['g'], () => [checkpoint(0, 9)], logger)).toBe(0)
    expect(logger.lines).toHaveLength(warnings)
  }
})
