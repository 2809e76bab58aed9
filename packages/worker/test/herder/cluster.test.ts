import { afterEach, describe, expect, test } from '@jest/globals'
import { FakeCluster } from './support/fake-cluster.ts'

let cluster: FakeCluster

afterEach(async () => {
  await cluster.stop()
})

describe('one worker', () => {
  test('writes a connector, its tasks and their commit in that order, and brings all up', async () => {
    cluster = new FakeCluster()
    await cluster.form(1)
    await cluster.create('a', 2)
    expect(cluster.topic.keys()).toEqual(['session-key', 'connector-a', 'task-a-0', 'task-a-1', 'commit-a'])
    expect(cluster.status.log).toEqual(['connector a RUNNING', 'task a-0 RUNNING', 'task a-1 RUNNING'])
  })
})
