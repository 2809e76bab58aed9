/** Three workers of ours in one group, on a broker: `SLUICE_TEST_KAFKA` names it. */
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { type Kafka, connect } from '@sluice/kafka'
import { systemClock } from '@sluice/sdk'
import type { ConnectWorkerGroupOptions } from '../../src/group/connect-worker-group.ts'
import { eventually } from '../support/eventually.ts'
import { Cluster, GroupWorker } from './group-worker.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
if (address === '') console.warn('SLUICE_TEST_KAFKA is not set: groups of workers are not tried on a broker')
jest.setTimeout(90_000)

const CONNECTORS = { one: 5, two: 4, three: 0, four: 1 }
const DELAY_MS = 1_500
/** Brokers allow no shorter one by default. */
const SESSION_MS = 6_000

;(address === '' ? describe.skip : describe)('workers in one group', () => {
  let kafka: Kafka
  let cluster: Cluster
  beforeEach(async () => {
    kafka = await connect({ bootstrapServers: address })
    cluster = new Cluster(`connect-${randomUUID().slice(0, 8)}`, CONNECTORS)
  })
  afterEach(async () => {
    for (const worker of cluster.workers) await worker.leave()
    await kafka.close()
  })

  const start = (name: string, options: Partial<ConnectWorkerGroupOptions> = {}): Promise<GroupWorker> =>
    GroupWorker.start(address, cluster, name, { delayMaxMs: DELAY_MS, ...options })
  const startThree = async (): Promise<readonly [GroupWorker, GroupWorker, GroupWorker]> => {
    const three = [await start('w1'), await start('w2'), await start('w3')] as const
    await eventually('three share', () => cluster.isBalanced)
    return three
  }

  test('join one after another: each gets its share of what runs, and only that stops', async () => {
    const first = await start('w1')
    await eventually('one has all', () => cluster.isBalanced)
    const { length } = cluster.log
    await start('w2')
    await eventually('two share', () => cluster.isBalanced)
    // Half of ten tasks, half of four connectors.
    expect(cluster.stopsSince(length)).toHaveLength(7)
    await start('w3')
    await eventually('three share', () => cluster.isBalanced)
    expect(cluster.doubles).toEqual([])
    expect(first.group.protocol).toBe('sessioned')
    expect(first.events.every((event) => event === 'assigned')).toBe(true)
  })

  test('the group is seen as a group of Connect, its members by their client ids', async () => {
    await start('w1')
    await start('w2', { clientId: 'second' })
    await eventually('two share', () => cluster.isBalanced)
    const [outcome] = await kafka.admin.groups.describe([cluster.groupId])
    const group = outcome!.value!
    expect(group).toMatchObject({ protocolType: 'connect', type: 'classic', assignor: 'sessioned' })
    expect(group.members.map(({ clientId }) => clientId).toSorted()).toEqual(['connect-w1:8083', 'second'])
    for (const { memberId, clientId } of group.members) expect(memberId.startsWith(`${clientId}-`)).toBe(true)
  })

  test('only the leader knows who has what, and it is right', async () => {
    const workers = await startThree()
    const leaders = workers.filter(({ last }) => last?.isLeader)
    expect(leaders).toHaveLength(1)
    const [leader] = leaders
    for (const { name, held, last, group } of workers) {
      expect(last?.leaderId).toBe(leader!.group.memberId)
      expect(last?.leaderUrl).toBe(`http://${leader!.name}:8083/`)
      for (const { connector, task } of held.values()) {
        expect(leader!.group.ownerUrl(connector, task === -1 ? null : task)).toBe(`http://${name}:8083/`)
        if (group !== leader!.group) expect(group.ownerUrl(connector, task === -1 ? null : task)).toBeNull()
      }
    }
  })

  test('connectors come and go without a stop of anything else', async () => {
    await startThree()
    const { length } = cluster.log
    cluster.configure({ ...CONNECTORS, five: 3 })
    await eventually('the new one runs', () => cluster.isBalanced)
    expect(cluster.stopsSince(length)).toEqual([])
    cluster.configure({ ...CONNECTORS, five: 3, two: 0 })
    await eventually('tasks of one are gone', () => cluster.isBalanced)
    expect(cluster.doubles).toEqual([])
  })

  test('one leaves: its work waits for the delay, then runs elsewhere; nobody else stops', async () => {
    const [, , third] = await startThree()
    await third.leave()
    const { length } = cluster.log
    const began = performance.now()
    const lost = cluster.missing()
    expect(lost).not.toEqual([])
    await systemClock.sleep(DELAY_MS / 2)
    expect(cluster.missing()).toEqual(lost)
    await eventually('two have all', () => cluster.isBalanced)
    expect(performance.now() - began).toBeGreaterThan(DELAY_MS)
    expect(cluster.stopsSince(length)).toEqual([])
    expect(cluster.doubles).toEqual([])
  })

  test('one is killed: after session and delay its work runs elsewhere; nobody else stops', async () => {
    const [, second] = await startThree()
    const { length } = cluster.log
    const began = performance.now()
    await second.kill()
    await eventually('two have all', () => cluster.isBalanced, 3 * SESSION_MS)
    const tookMs = performance.now() - began
    expect(tookMs).toBeGreaterThan(DELAY_MS)
    expect(tookMs).toBeLessThan(SESSION_MS + DELAY_MS + 2_000)
    expect(cluster.stopsSince(length)).toEqual([])
    expect(cluster.doubles).toEqual([])
  })

  test('one is killed and comes back before the delay is over: it has as much as before, and nobody else stops', async () => {
    const options = { delayMaxMs: 6_000 }
    await start('w1', options)
    const second = await start('w2', options)
    await start('w3', options)
    await eventually('three share', () => cluster.isBalanced)
    const { length } = cluster.log
    const before = second.held.size
    await second.kill()
    const again = await start('w2-again', options)
    await eventually('three share again', () => cluster.isBalanced, 3 * SESSION_MS)
    expect(again.held.size).toBe(before)
    expect(cluster.stopsSince(length)).toEqual([])
    expect(cluster.doubles).toEqual([])
  })

  test('the leader is killed: the next one goes by what runs, gives out the rest, and nobody stops', async () => {
    const [first] = await startThree()
    expect(first.last?.isLeader).toBe(true)
    const { length } = cluster.log
    await first.kill()
    await eventually('two have all', () => cluster.isBalanced, 3 * SESSION_MS)
    expect(cluster.stopsSince(length)).toEqual([])
    expect(cluster.doubles).toEqual([])
  })

  test('a worker that has lost its place without a fault of its own stops what it had before others have it, and comes back', async () => {
    const [, second] = await startThree()
    const { memberId } = second.group
    // As an operator does; the member finds out by its next heartbeat.
    await kafka.admin.groups.removeMembers(cluster.groupId, [{ memberId }])
    await eventually('it has lost its place', () => second.events.includes('lost'))
    await eventually('three share', () => cluster.isBalanced)
    expect(second.group.memberId).not.toBe(memberId)
    expect(cluster.doubles).toEqual([])
  })

  test('one gives its place up for a while: its work waits for it, and it has as much again when it is back', async () => {
    const [, second] = await startThree()
    const before = second.held.size
    const { length } = cluster.log
    await second.group.leave('behind in the config topic')
    expect([second.held.size, second.events.at(-1), second.group.protocol]).toEqual([0, 'revoked', null])
    expect(cluster.missing()).toHaveLength(before)
    await second.group.join()
    await eventually('three share', () => cluster.isBalanced)
    expect(second.held.size).toBe(before)
    expect(cluster.stopsSince(length).filter((line) => !line.startsWith('-w2'))).toEqual([])
    expect(cluster.doubles).toEqual([])
  })

  test('an eager group stops everything at every rebalance, then shares all out', async () => {
    const options = { connectProtocol: 'eager' } as const
    const first = await start('w1', options)
    await eventually('one has all', () => cluster.isBalanced)
    await start('w2', options)
    await eventually('two share', () => cluster.isBalanced)
    expect(first.events).toEqual(['assigned', 'revoked', 'assigned'])
    expect(first.group.protocol).toBe('default')
    expect(cluster.stopsSince(0)).toHaveLength(14)
    expect(cluster.doubles).toEqual([])
  })

  test('an upgrade, worker by worker: from eager to compatible to sessioned, and nothing is lost on the way', async () => {
    const old = await start('w1', { connectProtocol: 'eager' })
    const middle = await start('w2', { connectProtocol: 'compatible' })
    await eventually('two share', () => cluster.isBalanced)
    expect(middle.group.protocol).toBe('default')
    await old.leave()
    const modern = await start('w3')
    await eventually('two share', () => cluster.isBalanced)
    expect([middle.group.protocol, modern.group.protocol]).toEqual(['compatible', 'compatible'])
    await middle.leave()
    await start('w4')
    await eventually('two share', () => cluster.isBalanced)
    await eventually('sessioned', () => modern.group.protocol === 'sessioned')
  })

  test('a worker that the group does not take says why, and can join when that is over', async () => {
    const hooks = { onAssigned: () => {}, onLost: () => {} }
    const stranger = kafka.consumerMember({ groupId: cluster.groupId, topics: [], hooks })
    await stranger.join()
    const worker = await GroupWorker.open(address, cluster, 'w1')
    await expect(worker.join()).rejects.toMatchObject({ code: 'KAFKA_REFUSED', retriable: false })
    await stranger.close()
    await worker.join()
    await eventually('it has all', () => cluster.isBalanced)
  })
})
