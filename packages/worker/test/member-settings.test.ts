import { describe, expect, test } from '@jest/globals'
import { sinkConsumerOptions } from '../src/member-settings.ts'

describe('a sink task’s place in its group', () => {
  test('is Kafka Connect’s unless somebody says otherwise', () => {
    const { member, clientId, rackId } = sinkConsumerOptions({}, 'orders', 3)
    expect(clientId).toBe('connector-consumer-orders-3')
    expect(rackId).toBeUndefined()
    const { assignors, ...rest } = member
    expect(assignors!.map(({ name }) => name)).toEqual(['range', 'cooperative-sticky'])
    expect(rest).toEqual({
      groupId: 'connect-orders',
      protocol: 'classic',
      sessionTimeoutMs: 45_000,
      heartbeatIntervalMs: 3_000,
      rebalanceTimeoutMs: 300_000,
      metadataAgeMaxMs: 300_000,
    })
  })

  test('takes assignors by their Java classes and by their names', () => {
    const given = 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor, sticky,roundrobin'
    const { member } = sinkConsumerOptions({ 'partition.assignment.strategy': given }, 'orders', 0)
    expect(member.assignors!.map(({ name }) => name)).toEqual(['cooperative-sticky', 'sticky', 'roundrobin'])
    expect(() => sinkConsumerOptions({ 'partition.assignment.strategy': 'com.example.Mine' }, 'orders', 0)).toThrow(
      /Unknown assignor com\.example\.Mine; known are org\.apache\.kafka/,
    )
  })

  test('is static by a name of its own for each task, and in a rack', () => {
    const raw = { 'group.instance.id': 'here', 'client.rack': 'r1', 'group.id': 'mine', 'group.protocol': 'consumer' }
    expect(sinkConsumerOptions(raw, 'orders', 0)).toMatchObject({
      member: { instanceId: 'here', rackId: 'r1', groupId: 'mine', protocol: 'consumer' },
      rackId: 'r1',
    })
    expect(sinkConsumerOptions(raw, 'orders', 2).member.instanceId).toBe('here-2')
  })
})
