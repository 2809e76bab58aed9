import { describe, expect, test } from '@jest/globals'
import { INITIAL_STATE, assignIncrementally } from '../../src/group/incremental-assignor.ts'
import type { Work } from '../../src/group/work-assignment.ts'
import { ModelGroup } from './model-group.ts'
import { randomOf } from './random.ts'
import { tasksOf } from './work.ts'

const DELAY_MS = 300_000
const NO_WORK: Work = { connectors: [], tasks: [] }

/** Nothing twice, nothing missing, nobody has two more than another. */
function expectAtRest(group: ModelGroup): void {
  expect({ wrong: group.wrong(), missing: group.missing() }).toEqual({ wrong: [], missing: [] })
  expect(group.imbalance()).toBeLessThanOrEqual(1)
}

// RebalanceSourceConnectorsIntegrationTest
describe('the work of a group is shared out without stopping what stays', () => {
  test('two connectors are spread over all workers (testStartTwoConnectors)', () => {
    const group = new ModelGroup(DELAY_MS).join('a', 'b', 'c').configure('one', 4).configure('two', 4)
    expectAtRest(group)
    expect(group.stopsSince(0)).toEqual([])
  })

  test('a connector that asks for more tasks, then for fewer, has them (testReconfigConnector)', () => {
    const group = new ModelGroup(DELAY_MS, { one: 4, two: 4 }).join('a', 'b', 'c').configure('one', 7)
    expectAtRest(group)
    expect(group.stopsSince(0)).toEqual([])
    group.configure('one', 2)
    expectAtRest(group)
    // Three of nine tasks each, and five are gone: one may have to move.
    expect(group.stopsSince(0).length).toBeLessThanOrEqual(6)
  })

  test('a deleted connector stops everywhere, and its tasks with it (testDeleteConnector)', () => {
    const group = new ModelGroup(DELAY_MS, { one: 4, two: 4 }).join('a', 'b', 'c').configure('two', null)
    expectAtRest(group)
    expect(group.counts('tasks').reduce((sum, count) => sum + count)).toBe(4)
  })

  test('a new worker gets its share after two rebalances, and nothing moves that it does not get (testAddingWorker)', () => {
    const group = new ModelGroup(DELAY_MS, { one: 4, two: 4 }).join('a', 'b')
    const { length } = group.log
    const { rounds } = group
    group.join('c')
    expectAtRest(group)
    expect(group.rounds - rounds).toBe(2)
    // A third of eight tasks, none of two connectors.
    expect(group.stopsSince(length)).toHaveLength(2)
  })

  test('the work of a worker that is gone waits for the delay, then others have it (testRemovingWorker)', () => {
    const group = new ModelGroup(DELAY_MS, { one: 4, two: 4 }).join('a', 'b', 'c')
    const { length } = group.log
    group.kill('c')
    expect(group.delayMs).toBe(DELAY_MS)
    expect(group.missing()).not.toEqual([])
    group.wait(DELAY_MS - 1)
    expect(group.missing()).not.toEqual([])
    group.wait(1)
    expectAtRest(group)
    expect(group.stopsSince(length)).toEqual([])
  })

  test('workers that come back in time have their work again, and nobody else stops (testMultipleWorkersRejoining)', () => {
    const group = new ModelGroup(DELAY_MS, { one: 4, two: 4 }).join('a', 'b', 'c', 'd')
    const { length } = group.log
    group.kill('c', 'd')
    const left = group.missing()
    group.wait(DELAY_MS / 3).join('c')
    expect(group.missing()).toEqual(left)
    expect(group.delayMs).toBe((DELAY_MS * 2) / 3)
    group
      .wait(DELAY_MS / 3)
      .join('d')
      .wait(DELAY_MS)
    expectAtRest(group)
    expect(group.stopsSince(length)).toEqual([])
  })

  test('what is lost goes to whoever came back empty, also if it has got other work meanwhile', () => {
    const group = new ModelGroup(DELAY_MS, { one: 6, two: 6 }).join('a', 'b', 'c', 'd').kill('c', 'd').join('new')
    group.configure('later', 1).settle()
    expect(group.held.get('new')?.size).toBe(2)
    group.now += DELAY_MS
    const shares = group.rebalance()
    const started = Array.from(shares, ([member, { assigned }]) => [member, assigned.tasks.length])
    // Two of the six lost tasks would be too many.
    expect(Object.fromEntries(started)).toEqual({ a: 0, b: 0, new: 4 })
  })

  test('nothing is taken from anybody while lost work waits, however many join', () => {
    const group = new ModelGroup(DELAY_MS, { one: 6, two: 6 }).join('a', 'b', 'c')
    const { length } = group.log
    group.kill('c').join('d', 'e', 'f', 'g')
    expect(group.stopsSince(length)).toEqual([])
    group.wait(DELAY_MS)
    expectAtRest(group)
  })

  test('work that was taken from somebody for balance does not wait for a worker that goes meanwhile', () => {
    const group = new ModelGroup(DELAY_MS, { one: 3, two: 3 }).join('a')
    group.held.set('b', new Set()).set('c', new Set())
    for (const [member, share] of group.rebalance()) group.apply(member, share)
    expect(group.missing()).not.toEqual([])
    group.kill('c')
    expect(group.missing()).toEqual([])
    expect(group.delayMs).toBeLessThan(DELAY_MS)
  })

  test('new work does not wait while lost work does', () => {
    const group = new ModelGroup(DELAY_MS, { one: 4 }).join('a', 'b').kill('b').configure('new', 2)
    expect(group.missing().filter((key) => key.endsWith('/new'))).toEqual([])
    expect(group.missing()).not.toEqual([])
  })

  test('without a delay lost work moves at once', () => {
    const group = new ModelGroup(0, { one: 4, two: 4 }).join('a', 'b', 'c').kill('c')
    expect(group.delayMs).toBe(0)
    expectAtRest(group)
  })

  test('a leader that is new to it neither waits nor stops anything: it goes by what runs', () => {
    const group = new ModelGroup(DELAY_MS, { one: 4, two: 4 }).join('a', 'b', 'c')
    const { length } = group.log
    group.kill('a')
    expectAtRest(group)
    expect(group.stopsSince(length)).toEqual([])
  })

  test('a connector that was deleted while its worker was away is not given back', () => {
    const group = new ModelGroup(DELAY_MS, { one: 1, two: 1 }).join('a', 'b').kill('b')
    const [lost] = group.missing()
    const connector = lost!.split('/')[1]!
    group.configure(connector, null).wait(DELAY_MS)
    expectAtRest(group)
  })
})

describe('what did not arrive, or arrived twice', () => {
  test('work that a member never got is given out again at once when nobody has left', () => {
    const group = new ModelGroup(DELAY_MS, { one: 2, two: 2 })
    group.held.set('a', new Set()).set('b', new Set())
    const shares = group.rebalance()
    group.apply('a', shares.get('a')!)
    group.settle()
    expect(group.delayMs).toBe(0)
    expectAtRest(group)
  })

  test('a revocation that was not carried out is said again', () => {
    const group = new ModelGroup(DELAY_MS, { one: 2, two: 2 }).join('a')
    group.held.set('b', new Set())
    const first = group.rebalance()
    expect(first.get('a')?.revoked.tasks).toHaveLength(2)
    group.settle().wait(DELAY_MS)
    expectAtRest(group)
  })

  test('what is deleted is taken again from a member that did not hear of it', () => {
    const group = new ModelGroup(DELAY_MS, { one: 1, two: 1 }).join('a')
    group.configured.delete('two')
    group.rebalance()
    group.settle()
    expectAtRest(group)
    expect(group.stopsSince(0)).toEqual(['-a -1/two', '-a 0/two'])
  })

  test('what two members have is taken from both, then given to one', () => {
    const group = new ModelGroup(DELAY_MS, { one: 2 }).join('a')
    group.held.set('b', new Set(group.held.get('a')))
    group.settle()
    expectAtRest(group)
    expect(group.stopsSince(0)).toHaveLength(6)
  })

  test('the leader knows who has what when all have done as told', () => {
    const held: Work = { connectors: ['one'], tasks: tasksOf('one', 4) }
    const members = new Map([
      ['a', held],
      ['b', NO_WORK],
    ])
    const configured: Work = { connectors: ['one', 'two'], tasks: held.tasks }
    const round = { configured, members, generation: 1, completedGeneration: -1, now: 0, delayMaxMs: DELAY_MS }
    const { holdings, shares } = assignIncrementally(INITIAL_STATE, round)
    expect(shares.get('a')?.revoked.tasks).toHaveLength(2)
    expect(holdings.get('a')).toEqual({ connectors: ['one'], tasks: held.tasks.slice(2) })
    expect(holdings.get('b')).toEqual({ connectors: ['two'], tasks: [] })
  })

  test('a leader whose assignment was not completed forgets what it thought, so nothing counts as lost', () => {
    const members = new Map([['a', NO_WORK]])
    const configured: Work = { connectors: ['one'], tasks: [{ connector: 'one', task: 0 }] }
    const round = { configured, members, generation: 1, completedGeneration: -1, now: 0, delayMaxMs: DELAY_MS }
    const { state } = assignIncrementally(INITIAL_STATE, round)
    const alone = new Map([['b', NO_WORK]])
    const again = assignIncrementally(state, { ...round, members: alone, generation: 3, completedGeneration: 2 })
    expect(again.delayMs).toBe(0)
    expect(again.shares.get('b')?.assigned).toEqual(configured)
    const remembered = assignIncrementally(state, { ...round, members: alone, generation: 3, completedGeneration: 1 })
    expect(remembered.delayMs).toBe(DELAY_MS)
    expect(remembered.shares.get('b')?.assigned).toEqual(NO_WORK)
  })

  test('revoking again right after revoking waits, longer each time, at most for the delay', () => {
    const tasks = Array.from({ length: 60 }, (_, task) => ({ connector: 'one', task }))
    const configured: Work = { connectors: [], tasks }
    let state = INITIAL_STATE
    let now = 1
    const delays: number[] = []
    const revokes: number[] = []
    // The group grows all the time, so each round finds somebody who has too much.
    for (let generation = 1; generation < 16; generation++) {
      const members = new Map<string, Work>([['a', { connectors: [], tasks }]])
      for (let i = 0; i < generation; i++) members.set(`w${i}`, NO_WORK)
      const round = { configured, members, generation, completedGeneration: generation - 1, now, delayMaxMs: 10_000 }
      const outcome = assignIncrementally(state, round)
      ;({ state } = outcome)
      delays.push(outcome.delayMs)
      revokes.push(outcome.shares.get('a')!.revoked.tasks.length)
      now += outcome.delayMs
    }
    expect(delays.filter((ms) => ms > 0).slice(0, 4)).toEqual([40, 1_600, 10_000, 10_000])
    for (const [i, ms] of delays.entries()) expect(ms > 0).toBe(revokes[i] === 0)
  })

  test('a balanced round makes the next wait short again', () => {
    const group = new ModelGroup(DELAY_MS, { one: 64 }).join('a')
    const grow = (...members: readonly string[]): number => {
      for (const member of members) group.held.set(member, new Set())
      for (const [member, share] of group.rebalance()) group.apply(member, share)
      return group.delayMs
    }
    expect([grow('b'), grow('c')]).toEqual([0, 40])
    group.wait(40).settle()
    expect([grow('d'), grow('e')]).toEqual([0, 40])
  })
})

describe("a connector's tasks do not pile up on one worker (KAFKA-17049)", () => {
  test('when totals are equal, the next task goes where there are fewest of its connector', () => {
    // Each has two tasks; the first by name has two of the connector that is to have a third.
    const group = new ModelGroup(DELAY_MS, { one: 1, two: 1, three: 2 })
    group.held.set('a', new Set(['0/three', '1/three'])).set('b', new Set(['0/one', '0/two']))
    group.configure('three', 3)
    expect(group.tasksOf('three')).toEqual([2, 1])
  })

  test('a new worker takes some of each connector', () => {
    const connectors = { one: 4, two: 4, three: 4 }
    const group = new ModelGroup(DELAY_MS, connectors).join('a').join('b')
    expectAtRest(group)
    for (const name of Object.keys(connectors)) expect(group.tasksOf(name)).toEqual([2, 2])
  })

  test('what a lost worker had is spread by connector as well', () => {
    const group = new ModelGroup(DELAY_MS, { one: 6, two: 6 }).join('a', 'b', 'c').kill('c').wait(DELAY_MS)
    expectAtRest(group)
    for (const name of ['one', 'two']) expect(group.tasksOf(name)).toEqual([3, 3])
  })
})

describe('a model with seeds', () => {
  const SEEDS = 300
  const STEPS = 40

  test(`${SEEDS} times ${STEPS} changes: nothing runs twice, nothing is lost for longer than the delay, all is balanced at rest`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = randomOf(seed)
      const pick = (below: number): number => Math.floor(random() * below)
      const delayMs = [0, 50, 5_000, DELAY_MS][pick(4)]!
      const group = new ModelGroup(delayMs).join('w0')
      let serial = 1
      let lostSince: number | undefined
      try {
        for (let step = 0; step < STEPS; step++) {
          const members = [...group.held.keys()]
          const choice = pick(8)
          if (choice === 0) group.join(`w${serial++}`)
          else if (choice === 1 && members.length > 1) group.kill(members[pick(members.length)]!)
          else if (choice === 2 && members.length > 1) restart(group, members[pick(members.length)]!, serial++)
          else if (choice <= 4) group.configure(`c${pick(6)}`, pick(6))
          else if (choice === 5) group.configure(`c${pick(6)}`, null)
          else if (choice === 6) group.settle()
          else group.wait(pick(delayMs + 2_000))
          expect(group.wrong()).toEqual([])
          const isWhole = group.missing().length === 0
          lostSince = isWhole ? undefined : (lostSince ?? group.now)
          // Who is lost while others are waited for may have to wait anew.
          if (lostSince !== undefined) expect(group.delayMs).toBeGreaterThan(0)
          expect(group.delayMs).toBeLessThanOrEqual(delayMs)
        }
        group.wait(2 * DELAY_MS)
        expectAtRest(group)
      } catch (cause) {
        throw new Error(`seed ${seed}`, { cause })
      }
    }
  })

  test('a worker that is killed and comes back in time stops nobody else, whatever the group looks like', () => {
    let count = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = randomOf(seed)
      const pick = (below: number): number => Math.floor(random() * below)
      const group = new ModelGroup(DELAY_MS)
      for (let i = 0; i <= pick(8); i++) group.configured.set(`c${i}`, pick(5))
      group.join(...Array.from({ length: 2 + pick(4) }, (_, i) => `w${i}`))
      const members = [...group.held.keys()]
      // Not the leader: its memory would go with it.
      const killed = members[1 + pick(members.length - 1)]!
      const { length } = group.log
      const before = group.held.get(killed)!.size
      group.kill(killed).wait(pick(DELAY_MS)).join(`${killed}-again`).wait(DELAY_MS)
      expect([seed, group.wrong(), group.missing(), group.stopsSince(length)]).toEqual([seed, [], [], []])
      expect([seed, group.held.get(`${killed}-again`)!.size]).toEqual([seed, before])
      count += before
    }
    expect(count).toBeGreaterThan(SEEDS)
  })
})

function restart(group: ModelGroup, member: string, serial: number): void {
  group.kill(member)
  group.join(`r${serial}`)
}
