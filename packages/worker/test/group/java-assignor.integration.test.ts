/** Our leader beside Java's, in the same rebalances (seeded). Needs java and Kafka's jars. */
import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import { describe, expect, jest, test } from '@jest/globals'
import {
  INITIAL_STATE,
  type IncrementalState,
  type Round,
  assignIncrementally,
} from '../../src/group/incremental-assignor.ts'
import { NO_ERROR, encodeAssignment } from '../../src/group/protocol.ts'
import type { Work } from '../../src/group/work-assignment.ts'
import { itemsOf, keyOf, setOf, union, without, workOf } from '../../src/group/work-set.ts'
import { randomOf } from './random.ts'

const here = import.meta.dirname
const hasJava = spawnSync('java', ['-version']).status === 0
if (!hasJava) console.warn('There is no java: our leader is not compared with that of Kafka Connect')
jest.setTimeout(120_000)

const GROUPS = 300
const ROUNDS = 40

type Told = Readonly<Record<'newlyAssigned' | 'newlyRevoked' | 'allAssigned', readonly string[]>>
type Said = Readonly<Record<string, Told>> & { readonly delayMs: number }

interface Question {
  readonly delayMaxMs: number
  readonly rounds: readonly Round[]
}

;(hasJava ? describe : describe.skip)("our leader, beside Java's (needs java)", () => {
  test(`says the same in ${GROUPS} groups of ${ROUNDS} rebalances, where no connector has two tasks to choose from`, () => {
    const asked = Array.from({ length: GROUPS }, (_, seed) => history(seed + 1))
    const answers = askJava(asked.map(({ question }) => question)) as readonly (readonly Said[])[]
    let [rounds, delays, revocations] = [0, 0, 0]
    for (const [seed, { question, said }] of asked.entries()) {
      for (const [i, ours] of said.entries()) {
        const java = answers[seed]![i]!
        expect([seed, i, ours]).toEqual([seed, i, sorted(java)])
        rounds += 1
        if (java.delayMs > 0) delays += 1
        for (const member of question.rounds[i]!.members.keys()) revocations += java[member]!.newlyRevoked.length
      }
    }
    // Else the groups were too tame to tell anything.
    expect({ rounds: rounds > 5_000, delays: delays > 150, revocations: revocations > 1_000 }).toEqual({
      rounds: true,
      delays: true,
      revocations: true,
    })
    console.log(`${rounds} rebalances, ${delays} of them with a delay, ${revocations} revocations`)
  })

  test('writes connectors in the order in which Java writes them, many of them too', () => {
    const random = randomOf(7)
    const lists = [0, 1, 2, 12, 13, 60, 400].map((count) =>
      Array.from({ length: count }, (_, i) => `connector ${Math.floor(random() * 1e6)} ä${'x'.repeat(i % 9)}${i}`),
    )
    const bytes = askJava(lists.map((names) => ({ names })))
    const ours = lists.map((connectors) =>
      Buffer.from(
        encodeAssignment(2, {
          error: NO_ERROR,
          leaderId: 'm',
          leaderUrl: 'u',
          configOffset: 1n,
          assigned: { connectors, tasks: [] },
          revoked: { connectors: [], tasks: [] },
          delayMs: 0,
        }),
      ).toString('base64'),
    )
    expect(ours).toEqual(bytes)
  })
})

/**
 * A group's rebalances: members come, go, come back, do not hear what they are told, or hold what others hold; connectors come and go.
 * Member ids of one letter each: Java's sets of them are in order then.
 */
function history(seed: number): { readonly question: Question; readonly said: readonly Said[] } {
  const random = randomOf(seed)
  const pick = (below: number): number => Math.floor(random() * below)
  // Of other delays Java's back-off, a power of 40 with a fractional exponent, falls short by one millisecond.
  const delayMaxMs = [0, 1_600, 64_000][pick(3)]!
  const held = new Map<string, Work>([['a', NO_WORK]])
  const connectors = new Set<string>()
  const withTask = new Set<string>()
  const rounds: Round[] = []
  const said: Said[] = []
  let state = INITIAL_STATE
  let [now, completedGeneration] = [1_000, -1]
  for (let generation = 1; generation <= ROUNDS; generation++) {
    for (let changes = pick(3); changes > 0; changes--) {
      const [member, connector] = ['abcdefg'[pick(7)]!, `c${pick(12)}`]
      const choice = pick(10)
      if (choice <= 1) held.set(member, held.get(member) ?? NO_WORK)
      else if (choice === 2 && held.size > 1) held.delete(member)
      else if (choice === 3) held.set(member, NO_WORK)
      else if (choice === 4) connectors.delete(connector)
      else if (choice === 5 && pick(3) === 0) held.set(member, [...held.values()][pick(held.size)]!)
      else if (choice === 6) completedGeneration = pick(4) === 0 ? completedGeneration - 1 : completedGeneration
      else {
        connectors.add(connector)
        if (pick(4) > 0) withTask.add(connector)
      }
    }
    now += [0, 30, 700, 40_000][pick(4)]!
    const names = [...connectors].toSorted()
    const tasks = names.filter((name) => withTask.has(name)).map((connector) => ({ connector, task: 0 }))
    const members = new Map([...held].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    const round: Round = {
      configured: { connectors: names, tasks },
      members,
      generation,
      completedGeneration,
      now,
      delayMaxMs,
    }
    if (isSharedOutOtherwise(state, round)) break
    const outcome = assignIncrementally(state, round)
    ;({ state } = outcome)
    rounds.push(round)
    const told = Array.from(outcome.shares, ([member, { assigned, revoked }]): [string, Told] => [
      member,
      {
        newlyAssigned: keysOf(assigned),
        newlyRevoked: keysOf(revoked),
        allAssigned: keysOf(outcome.holdings.get(member)!),
      },
    ])
    said.push(sorted({ ...Object.fromEntries(told), delayMs: outcome.delayMs } as Said))
    for (const [member, { assigned, revoked }] of outcome.shares) {
      // Now and then one does not do as told.
      if (pick(12) === 0) continue
      const kept = without(setOf(itemsOf(members.get(member)!)), setOf(itemsOf(revoked)))
      held.set(member, workOf([...without(union(kept, setOf(itemsOf(assigned)))).values()]))
    }
    completedGeneration = generation
  }
  return { question: { delayMaxMs, rounds }, said }
}

/**
 * Lost work goes to those who came back empty. Java gives each of them as many, also one that has got other work since, and then takes some of
 * that away; ours gives more to those who have less. Java also takes them in the order in which they were seen, ours in that of their
 * names. And when somebody goes right after work was revoked, Java waits for it even if nothing is lost. From there on the two tell
 * different stories.
 */
function isSharedOutOtherwise(state: IncrementalState, { now, members, delayMaxMs }: Round): boolean {
  const { dueAt, candidates, hasRevoked } = state
  const isBusy = (work: Work | undefined): boolean => work !== undefined && itemsOf(work).length > 0
  const isInOrder = candidates.every((memberId, i) => i === 0 || candidates[i - 1]! < memberId)
  if (dueAt !== null)
    return now >= dueAt && (!isInOrder || candidates.some((memberId) => isBusy(members.get(memberId))))
  return hasRevoked && delayMaxMs > 0 && !state.members.every((memberId) => members.has(memberId))
}

const NO_WORK: Work = { connectors: [], tasks: [] }

function keysOf(work: Work): readonly string[] {
  return itemsOf(work).map(keyOf)
}

function sorted(said: Said): Said {
  const { delayMs, ...members } = said
  const each = Object.entries(members as Readonly<Record<string, Told>>).map(([member, told]) => [
    member,
    Object.fromEntries(Object.entries(told).map(([what, keys]) => [what, keys.toSorted()])),
  ])
  return { ...(Object.fromEntries(each) as Record<string, Told>), delayMs } as Said
}

/** One answer per question. */
function askJava(questions: readonly object[]): readonly unknown[] {
  const script = path.join(here, '../../../../deploy/dev/kafka.sh')
  const jars = execFileSync('bash', [script, 'jars'], { encoding: 'utf8' }).trim()
  const oracle = path.join(here, 'java/AssignmentOracle.java')
  const asPlain = (_: string, value: unknown): unknown => (value instanceof Map ? Object.fromEntries(value) : value)
  const output = execFileSync('java', ['-Dorg.slf4j.simpleLogger.defaultLogLevel=off', '-cp', `${jars}/*`, oracle], {
    input: questions.map((one) => JSON.stringify(one, asPlain)).join('\n'),
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
    maxBuffer: 256 * 1024 * 1024,
  })
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
}
