import { describe, expect, test } from '@jest/globals'
import { RetriableError, SluiceError } from '@sluice/sdk'
import { FakeClock, MemoryLogger } from '@sluice/sdk/testing'
import { ConnectWorkerGroup, type ConnectWorkerGroupOptions } from '../../src/group/connect-worker-group.ts'
import {
  type AssignmentBody,
  CONFIG_MISMATCH,
  NO_ERROR,
  decodeAssignment,
  decodeMetadata,
  encodeAssignment,
  encodeMetadata,
} from '../../src/group/protocol.ts'
import type { Work, WorkAssignment } from '../../src/group/work-assignment.ts'
import type { ConfigSnapshot } from '../../src/storage/config-store.ts'
import { FakeGroupMember, snapshotOf } from './fake-group-member.ts'
import { tasksOf } from './work.ts'

const NO_WORK: Work = { connectors: [], tasks: [] }
const DELAY_MS = 300_000

class Fixture {
  readonly clock = new FakeClock()
  readonly logger = new MemoryLogger()
  readonly events: string[] = []
  readonly assignments: WorkAssignment[] = []
  /** What `snapshot` says, one after another; the last again and again. */
  snapshots: ConfigSnapshot[] = [snapshotOf(5)]
  snapshotsTaken = 0
  held: Work = NO_WORK
  /** One after another. */
  readonly members: FakeGroupMember[] = []
  readonly group: ConnectWorkerGroup

  constructor(options: Partial<ConnectWorkerGroupOptions> = {}) {
    this.group = new ConnectWorkerGroup({
      kafka: {
        groupMember: (all) => {
          const member = new FakeGroupMember(all)
          this.members.push(member)
          return member
        },
      },
      clock: this.clock,
      logger: this.logger,
      groupId: 'g',
      url: 'http://w1:8083',
      connectProtocol: 'sessioned',
      sessionTimeoutMs: 10_000,
      heartbeatIntervalMs: 3_000,
      rebalanceTimeoutMs: 60_000,
      delayMaxMs: DELAY_MS,
      hooks: {
        snapshot: async () => {
          this.snapshotsTaken += 1
          return this.snapshots.length > 1 ? this.snapshots.shift()! : this.snapshots[0]!
        },
        held: () => this.held,
        assigned: (assignment) => {
          this.events.push('assigned')
          this.assignments.push(assignment)
        },
        revoked: async () => {
          this.events.push('revoked')
          this.held = NO_WORK
        },
        lost: async () => {
          this.events.push('lost')
          this.held = NO_WORK
        },
      },
      ...options,
    })
  }

  get member(): FakeGroupMember {
    return this.members.at(-1)!
  }

  get last(): WorkAssignment {
    return this.assignments.at(-1)!
  }
}

const told: AssignmentBody = {
  error: NO_ERROR,
  leaderId: 'leader',
  leaderUrl: 'http://w2:8083/',
  configOffset: 7n,
  assigned: { connectors: ['c'], tasks: tasksOf('c', 2) },
  revoked: { connectors: [], tasks: tasksOf('old', 1) },
  delayMs: 40,
}

function other(memberId: string, configOffset: number, assigned?: Work): Parameters<FakeGroupMember['lead']>[1] {
  const allocation = assigned === undefined ? null : { ...told, assigned }
  const metadata = encodeMetadata(2, { url: `http://${memberId}/`, configOffset: BigInt(configOffset), allocation })
  return [{ memberId, instanceId: null, metadata }]
}

describe('what a worker says of itself', () => {
  test.each([
    ['sessioned', ['sessioned', 'compatible', 'default']],
    ['compatible', ['compatible', 'default']],
    ['eager', ['default']],
  ] as const)('%s offers %s, of which all but the last keep work while joining', (connectProtocol, names) => {
    const { protocols, protocolType } = new Fixture({ connectProtocol }).member.options
    expect(protocolType).toBe('connect')
    expect(protocols.map(({ name }) => name)).toEqual(names)
    expect(protocols.map(({ isCooperative }) => isCooperative)).toEqual(names.map((name) => name !== 'default'))
  })

  test('its url ends with one slash, and its client id is made of the host and port, or as it was set', () => {
    for (const url of ['http://w1:80', 'http://w1:80/']) {
      expect(new Fixture({ url }).member.options.clientId).toBe('connect-w1:80')
    }
    expect(new Fixture({ clientId: 'mine' }).member.options.clientId).toBe('mine')
    expect(new Fixture({ clientId: '' }).member.options.clientId).toBe('connect-w1:8083')
  })

  test('all offers of one join come from one snapshot, taken anew for each join', async () => {
    const fixture = new Fixture()
    fixture.snapshots = [snapshotOf(5), snapshotOf(6)]
    for (const offset of [5n, 6n]) {
      for (const bytes of (await fixture.member.metadata()).values()) {
        expect(decodeMetadata(bytes)).toEqual({ url: 'http://w1:8083/', configOffset: offset, allocation: null })
      }
    }
    expect(fixture.snapshotsTaken).toBe(2)
  })

  test('a snapshot that cannot be had fails the join, and the next one asks again', async () => {
    const fixture = new Fixture()
    fixture.snapshots = []
    await expect(fixture.member.metadata()).rejects.toThrow()
    fixture.snapshots = [snapshotOf(1)]
    await expect(fixture.member.metadata()).resolves.toBeDefined()
  })

  test('what it holds is told in every protocol that can say so, with the assignment it had last', async () => {
    const fixture = new Fixture()
    await fixture.member.assigned('sessioned', encodeAssignment(2, told))
    fixture.held = { connectors: ['c', 'kept'], tasks: tasksOf('old', 1) }
    const metadata = await fixture.member.metadata()
    expect(decodeMetadata(metadata.get('sessioned')!).allocation).toEqual({
      ...told,
      version: 2,
      assigned: fixture.held,
    })
    expect(decodeMetadata(metadata.get('compatible')!).allocation).toEqual({
      ...told,
      version: 1,
      assigned: fixture.held,
    })
    expect(decodeMetadata(metadata.get('default')!).allocation).toBeNull()
  })

  test('what it still holds is told also when it has no assignment any more', async () => {
    const fixture = new Fixture()
    fixture.held = { connectors: ['c'], tasks: [] }
    const { allocation } = decodeMetadata((await fixture.member.metadata()).get('sessioned')!)
    expect(allocation?.assigned).toEqual(fixture.held)
  })
})

describe('what a worker is told', () => {
  test('goes to the herder as it is, before anything is stopped or started', async () => {
    const fixture = new Fixture()
    fixture.member.generationId = 3
    await fixture.member.assigned('sessioned', encodeAssignment(2, told))
    const { error: _, configOffset: __, ...rest } = told
    expect(fixture.assignments).toEqual([
      { ...rest, generation: 3, isLeader: false, isMismatch: false, configOffset: 7 },
    ])
    expect(fixture.events).toEqual(['assigned'])
    const { memberId, generation, protocol } = fixture.group
    expect({ memberId, generation, protocol }).toEqual({ memberId: 'me', generation: 3, protocol: 'sessioned' })
  })

  test('that the leader was behind', async () => {
    const fixture = new Fixture()
    await fixture.member.assigned('compatible', encodeAssignment(1, { ...told, error: CONFIG_MISMATCH }))
    expect(fixture.last.isMismatch).toBe(true)
  })

  test('an eager assignment takes what is not in it from a worker that came from a cooperative group', async () => {
    const fixture = new Fixture()
    fixture.held = { connectors: ['c', 'd'], tasks: tasksOf('d', 2) }
    await fixture.member.assigned('default', encodeAssignment(0, told))
    expect(fixture.last.assigned).toEqual(told.assigned)
    expect(fixture.last.revoked).toEqual({ connectors: ['d'], tasks: tasksOf('d', 2) })
    expect(fixture.group.protocol).toBe('default')
  })

  test('bytes that are no assignment count as one that failed', async () => {
    const fixture = new Fixture()
    await fixture.member.assigned('sessioned', Buffer.from('0002', 'hex'))
    expect(fixture.last).toMatchObject({ isMismatch: true, assigned: NO_WORK, revoked: NO_WORK, leaderId: 'leader' })
    expect(fixture.logger.lines.map(({ level }) => level)).toContain('warn')
  })
})

describe('when a worker leads', () => {
  test('the work of its snapshot is shared out, and it knows where it is', async () => {
    const fixture = new Fixture()
    fixture.snapshots = [snapshotOf(5, { one: 2, two: 1 })]
    const bytes = await fixture.member.lead('sessioned', other('w2', 4))
    expect(fixture.snapshotsTaken).toBe(1)
    const theirs = decodeAssignment(bytes.get('w2')!)
    expect(theirs).toMatchObject({
      version: 2,
      error: NO_ERROR,
      leaderId: 'me',
      leaderUrl: 'http://w1:8083/',
      configOffset: 5n,
    })
    expect(fixture.last.isLeader).toBe(true)
    const all = [...fixture.last.assigned.connectors, ...theirs.assigned.connectors]
    expect(all.toSorted()).toEqual(['one', 'two'])
    const [connector] = theirs.assigned.connectors
    expect(fixture.group.ownerUrl(connector!, null)).toBe('http://w2/')
    const [task] = fixture.last.assigned.tasks
    expect(fixture.group.ownerUrl(task!.connector, task!.task)).toBe('http://w1:8083/')
    expect(fixture.group.ownerUrl('nobody', null)).toBeNull()
  })

  test('nobody is an owner from the moment it asks for another rebalance until that is over', async () => {
    const fixture = new Fixture()
    fixture.snapshots = [snapshotOf(5, { one: 1 })]
    await fixture.member.lead('sessioned')
    expect(fixture.group.ownerUrl('one', null)).toBe('http://w1:8083/')
    fixture.group.requestRejoin('tasks have changed')
    expect(fixture.member.calls).toEqual(['rejoin: tasks have changed'])
    expect(fixture.group.ownerUrl('one', null)).toBeNull()
    fixture.held = { connectors: ['one'], tasks: tasksOf('one', 1) }
    await fixture.member.lead('sessioned')
    expect(fixture.group.ownerUrl('one', null)).toBe('http://w1:8083/')
    await fixture.member.metadata()
    expect(fixture.group.ownerUrl('one', null)).toBeNull()
    await fixture.member.assigned('sessioned', encodeAssignment(2, told))
    expect(fixture.group.ownerUrl('one', null)).toBeNull()
  })

  test('it reads on before it shares out when another worker is ahead, and shares out from there', async () => {
    const fixture = new Fixture()
    fixture.snapshots = [snapshotOf(5, { one: 0 }), snapshotOf(9, { two: 0 })]
    await fixture.member.lead('sessioned', other('w2', 8))
    expect(fixture.last).toMatchObject({ configOffset: 9, isMismatch: false, assigned: { connectors: ['two'] } })
  })

  test('it gives nothing to anybody if it cannot reach what another worker has read', async () => {
    const fixture = new Fixture()
    fixture.snapshots = [snapshotOf(5, { one: 1 }), snapshotOf(7, { one: 1 })]
    const bytes = await fixture.member.lead('sessioned', other('w2', 8, { connectors: ['one'], tasks: [] }))
    for (const one of bytes.values()) {
      expect(decodeAssignment(one)).toMatchObject({
        error: CONFIG_MISMATCH,
        configOffset: 8n,
        assigned: NO_WORK,
        revoked: NO_WORK,
      })
    }
    expect(fixture.group.ownerUrl('one', null)).toBeNull()
  })

  test('eager: everything is shared out, whatever anybody says it holds', async () => {
    const fixture = new Fixture({ connectProtocol: 'eager' })
    fixture.snapshots = [snapshotOf(5, { one: 2 })]
    const bytes = await fixture.member.lead('default', other('w2', 5, { connectors: ['one'], tasks: [] }))
    expect(fixture.last.assigned).toEqual({ connectors: ['one'], tasks: [{ connector: 'one', task: 1 }] })
    expect(decodeAssignment(bytes.get('w2')!)).toMatchObject({
      version: 0,
      assigned: { connectors: [], tasks: tasksOf('one', 1) },
    })
  })

  test('lost work waits for the delay by the clock, and only if this worker has seen every rebalance', async () => {
    const fixture = new Fixture()
    fixture.snapshots = [snapshotOf(5, { one: 0, two: 0 })]
    await fixture.member.lead('sessioned', other('w2', 5))
    fixture.held = fixture.last.assigned
    await fixture.member.lead('sessioned')
    expect(fixture.last).toMatchObject({ delayMs: DELAY_MS, assigned: NO_WORK })
    fixture.clock.advance(DELAY_MS)
    await fixture.member.lead('sessioned')
    expect(fixture.last.assigned.connectors).toHaveLength(1)
    fixture.held = { connectors: ['one', 'two'], tasks: [] }

    await fixture.member.lead('sessioned', other('w2', 5))
    fixture.held = { connectors: [], tasks: [] }
    fixture.member.generationId += 2
    await fixture.member.assigned('sessioned', encodeAssignment(2, told))
    await fixture.member.lead('sessioned')
    expect(fixture.last).toMatchObject({ delayMs: 0, assigned: { connectors: ['one', 'two'] } })
  })

  test.each([
    ['and alone', [], (fixture: Fixture) => fixture.member.lost()],
    ['beside another that was cut off, too', other('w2, again', 5)!, (fixture: Fixture) => fixture.member.lost()],
    ['having left in order', [], (fixture: Fixture) => fixture.group.leave('behind in the config topic')],
  ] as const)('a worker that was out of the group and leads again, %s, keeps no work back', async (_how, back, go) => {
    const fixture = new Fixture()
    fixture.snapshots = [snapshotOf(5, { one: 1 })]
    await fixture.member.lead('sessioned', back.length === 0 ? [] : other('w2', 5))
    fixture.held = fixture.last.assigned
    await go(fixture)
    fixture.clock.advance(2 * DELAY_MS)
    fixture.member.memberId = 'me, back again'
    const bytes = [...(await fixture.member.lead('sessioned', back, fixture.member.generationId + 2)).values()]
    const shares = bytes.map((one) => decodeAssignment(one))
    expect(shares.map(({ delayMs }) => delayMs)).toEqual(bytes.map(() => 0))
    expect(shares.flatMap(({ assigned }) => assigned.connectors)).toEqual(['one'])
    expect(shares.flatMap(({ assigned }) => assigned.tasks)).toEqual(tasksOf('one', 1))
  })

  test('a member that talks nonsense is told something it can read, and is given no work; the others go on', async () => {
    const fixture = new Fixture()
    fixture.snapshots = [snapshotOf(5, { one: 3 })]
    const strange = { memberId: 'strange', instanceId: null, metadata: Buffer.from('ffff', 'hex') }
    const bytes = await fixture.member.lead('sessioned', [strange])
    expect(decodeAssignment(bytes.get('strange')!)).toMatchObject({ error: NO_ERROR, assigned: NO_WORK })
    expect(fixture.last.assigned.tasks).toHaveLength(3)
  })

  test('a connector whose name does not fit into the bytes stops nobody else', async () => {
    const fixture = new Fixture()
    fixture.snapshots = [snapshotOf(5, { ['x'.repeat(40_000)]: 1, one: 1 })]
    await fixture.member.lead('sessioned')
    expect(fixture.last.assigned).toEqual({ connectors: ['one'], tasks: tasksOf('one', 1) })
  })
})

describe('when the place goes', () => {
  test('lost: what is held is stopped, and the next join says that nothing is held', async () => {
    const fixture = new Fixture()
    await fixture.member.assigned('sessioned', encodeAssignment(2, told))
    fixture.held = told.assigned
    await fixture.member.lost()
    expect(fixture.events).toEqual(['assigned', 'lost'])
    const { memberId, generation, protocol } = fixture.group
    expect({ memberId, generation, protocol }).toEqual({ memberId: '', generation: -1, protocol: null })
    expect(decodeMetadata((await fixture.member.metadata()).get('sessioned')!).allocation).toBeNull()
  })

  test('given up in order: what is held is stopped first, and there is no protocol after', async () => {
    const fixture = new Fixture()
    await fixture.member.assigned('sessioned', encodeAssignment(2, told))
    await fixture.group.leave('behind in the config topic')
    expect(fixture.events).toEqual(['assigned', 'revoked'])
    expect(fixture.member.calls).toEqual(['leave: behind in the config topic'])
    expect(fixture.group.protocol).toBeNull()
    expect(decodeMetadata((await fixture.member.metadata()).get('sessioned')!).allocation).toBeNull()
  })

  test('a member that has failed for good makes way for a new one, which the next join takes', async () => {
    const fixture = new Fixture()
    fixture.member.refusal = new SluiceError('KAFKA_REFUSED', 'GROUP_AUTHORIZATION_FAILED')
    await expect(fixture.group.join()).rejects.toThrow('GROUP_AUTHORIZATION_FAILED')
    expect(fixture.members.map(({ calls }) => calls)).toEqual([['join', 'close'], []])
    await fixture.group.join()
    expect(fixture.member.calls).toEqual(['join'])
  })

  test('a member that only took too long is asked again', async () => {
    const fixture = new Fixture()
    fixture.member.refusal = new RetriableError('KAFKA_TIMEOUT', 'No place within 90,000 ms')
    await expect(fixture.group.join()).rejects.toThrow('No place')
    await expect(fixture.group.join()).rejects.toThrow('No place')
    expect(fixture.members).toHaveLength(1)
  })

  test('closed: no member follows', async () => {
    const fixture = new Fixture()
    fixture.member.refusal = new SluiceError('INTERRUPTED', 'The member has been closed')
    await fixture.group.close()
    await expect(fixture.group.join()).rejects.toThrow('closed')
    expect(fixture.members).toHaveLength(1)
  })
})
