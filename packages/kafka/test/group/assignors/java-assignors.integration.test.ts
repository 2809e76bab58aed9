/** Our assignors beside Java's, on the same groups made at random (seeded). Needs java and Kafka's jars. */
import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { cooperativeStickyAssignor, rangeAssignor, roundRobinAssignor, stickyAssignor } from '../../../src/index.ts'
import { assignorProtocol, decodeAssignment } from '../../../src/group/consumer-protocol.ts'
import type { GroupIdentity, PartitionAssignor } from '../../../src/index.ts'
import {
  type RandomGroup,
  type RandomMember,
  assertValid,
  movesOf,
  randomGroups,
  unevennessOf,
} from './random-groups.ts'

const here = import.meta.dirname
const hasJava = spawnSync('java', ['-version']).status === 0
if (!hasJava) console.warn('There is no java: assignors are not compared with those of Kafka')
const GROUPS = 150

interface Answer {
  readonly assignments: Readonly<Record<string, string[]>>
  readonly subscriptions: Readonly<Record<string, string>>
}

;(hasJava ? describe : describe.skip)('assignors, beside Java (needs java)', () => {
  for (const [assignor, isExact] of [
    [rangeAssignor, true],
    [roundRobinAssignor, true],
    [cooperativeStickyAssignor, false],
    [stickyAssignor(), false],
  ] as const) {
    const promise = isExact ? 'gives the same' : 'is as even, and moves no more'
    test(`${assignor.name}: ${promise} in ${GROUPS} groups, and Java reads our subscriptions`, async () => {
      const groups = randomGroups(42, GROUPS)
      const questions = await Promise.all(groups.map((group) => question(assignor, group)))
      const answers = askJava(questions)
      let [ourUnevenness, javaUnevenness, ourMoves, javaMoves] = [0, 0, 0, 0]
      for (const [i, group] of groups.entries()) {
        const { assignments, subscriptions } = answers[i]!
        for (const { memberId, subscription } of questions[i]!.members) {
          expect(subscriptions[memberId]).toBe(subscription)
        }
        const ours = await assignmentsOf(assignor, group, questions[i]!)
        const java = sorted(assignments)
        if (isExact) expect(ours).toEqual(java)
        else assertValid(group, ours, assignor.isCooperative)
        ourUnevenness += unevennessOf(ours)
        javaUnevenness += unevennessOf(java)
        ourMoves += movesOf(group, ours)
        javaMoves += movesOf(group, java)
      }
      // What a cooperative round holds back is in nobody's load: moves alone tell.
      if (!assignor.isCooperative) expect(ourUnevenness).toBeLessThanOrEqual(javaUnevenness)
      expect(ourMoves).toBeLessThanOrEqual(javaMoves)
    })
  }
})

interface Question {
  readonly assignor: string
  readonly topics: Readonly<Record<string, number>>
  readonly members: readonly { memberId: string; instanceId: string | null; subscription: string }[]
}

async function question(assignor: PartitionAssignor, { topics, members }: RandomGroup): Promise<Question> {
  const subscriptions = await Promise.all(members.map((member) => subscriptionOf(assignor, member)))
  return {
    assignor: assignor.name,
    topics: Object.fromEntries(topics),
    members: members.map(({ memberId, instanceId }, i) => ({
      memberId,
      instanceId,
      subscription: Buffer.from(subscriptions[i]!).toString('base64'),
    })),
  }
}

/** A sticky member says what it had before in its user data, and owns nothing when it joins. */
async function subscriptionOf(assignor: PartitionAssignor, member: RandomMember): Promise<Uint8Array> {
  const { topics, ownedPartitions, generationId } = member
  const own = assignor.name === 'sticky' ? stickyAssignor() : assignor
  if (generationId >= 0) own.onAssignment?.(ownedPartitions, null, generationId)
  const owned = assignor.isCooperative ? ownedPartitions : []
  const protocol = assignorProtocol(own, assignor.isCooperative, {
    rackId: null,
    subscription: () => ({ topics, ownedPartitions: owned, generationId }),
    countPartitions: () => Promise.reject(new Error('not asked')),
  })
  return protocol.metadata(identityOf(member.memberId))
}

async function assignmentsOf(
  assignor: PartitionAssignor,
  group: RandomGroup,
  { members }: Question,
): Promise<Record<string, string[]>> {
  const protocol = assignorProtocol(assignor, assignor.isCooperative, {
    rackId: null,
    subscription: () => ({ topics: [], ownedPartitions: [], generationId: -1 }),
    countPartitions: () => Promise.resolve(group.topics),
  })
  const bytes = await protocol.assign(
    members.map(({ memberId, instanceId, subscription }) => ({
      memberId,
      instanceId,
      metadata: Buffer.from(subscription, 'base64'),
    })),
    identityOf('leader'),
  )
  const named = Array.from(bytes, ([memberId, one]): [string, string[]] => [
    memberId,
    decodeAssignment('g', one).partitions.map(({ topic, partition }) => `${topic} ${partition}`),
  ])
  return sorted(Object.fromEntries(named))
}

function sorted(assignments: Readonly<Record<string, string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(assignments).map(([memberId, list]) => [memberId, list.toSorted()]))
}

function identityOf(memberId: string): GroupIdentity {
  return { groupId: 'g', generationId: 7, memberId, instanceId: null }
}

function askJava(questions: readonly Question[]): Answer[] {
  const script = path.join(here, '../../../../../deploy/dev/kafka.sh')
  const jars = execFileSync('bash', [script, 'jars'], { encoding: 'utf8' }).trim()
  const oracle = path.join(here, '../java/AssignorOracle.java')
  const input = questions.map((one) => JSON.stringify(one)).join('\n')
  const output = execFileSync('java', ['-cp', `${jars}/*`, oracle], {
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
    maxBuffer: 64 * 1024 * 1024,
  })
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer)
}
