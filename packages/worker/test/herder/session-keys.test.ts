import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { ALGORITHM_HEADER, SIGNATURE_HEADER, signatureHeaders } from '../../src/rest/signatures.ts'
import { FakeCluster, type FakeWorker } from './support/fake-cluster.ts'

let cluster: FakeCluster
let leader: FakeWorker
let follower: FakeWorker

beforeEach(async () => {
  cluster = new FakeCluster()
})

afterEach(async () => {
  await cluster.stop()
})

const keys = (): number => cluster.topic.keys().filter((key) => key === 'session-key').length

describe('the session key', () => {
  test('is made by the leader when there is none, and kept by the next leader', async () => {
    ;[leader, follower] = (await cluster.form(2)) as [FakeWorker, FakeWorker]
    expect(keys()).toBe(1)
    expect(follower.store.snapshot().sessionKey?.key).toHaveLength(32)
    await cluster.given(leader.herder.stop())
    await cluster.pass(500)
    expect(keys()).toBe(1)
  })

  test('is renewed by the leader when its time is over', async () => {
    await cluster.form(2, {
      sessionKeys: {
        algorithm: 'HmacSHA256',
        sizeBits: null,
        ttlMs: 10_000,
        signature: 'HmacSHA256',
        verification: ['HmacSHA256'],
      },
    })
    await cluster.pass(9_000)
    expect(keys()).toBe(1)
    await cluster.pass(2_000)
    expect(keys()).toBe(2)
  })

  test('is renewed when another algorithm or size is asked for', async () => {
    cluster.topic.append('session-key', {
      key: new Uint8Array(32),
      algorithm: 'HmacSHA256',
      createdAt: cluster.clock.now(),
    })
    await cluster.form(1, {
      sessionKeys: {
        algorithm: 'HmacSHA256',
        sizeBits: 512,
        ttlMs: 0,
        signature: 'HmacSHA256',
        verification: ['HmacSHA256'],
      },
    })
    expect(keys()).toBe(2)
    expect(cluster.workers[0]!.store.snapshot().sessionKey?.key).toHaveLength(64)
  })

  test('is renewed when it was made for another algorithm', async () => {
    const createdAt = cluster.clock.now()
    cluster.topic.append('session-key', { key: new Uint8Array(32), algorithm: 'HmacSHA512', createdAt })
    await cluster.form(1)
    expect(keys()).toBe(2)
  })

  test('is not made in a group that does not sign', async () => {
    cluster.group.protocol = 'compatible'
    await cluster.form(1)
    await cluster.pass(2_000)
    expect(keys()).toBe(0)
  })
})

describe('internal requests', () => {
  const body = new TextEncoder().encode('[]')

  test.each([
    [
      'unsigned: 400',
      () => ({ body, signature: null, algorithm: null }),
      400,
      'Internal request missing required signature',
    ],
    [
      'signed by an algorithm that is not allowed: 400',
      () => ({ body, signature: 'x', algorithm: 'HmacMD5' }),
      400,
      /does not support the 'HmacMD5'.*\[HmacSHA256\]/,
    ],
    [
      'signed wrong: 403',
      () => ({ body, signature: 'AAAA', algorithm: 'HmacSHA256' }),
      403,
      'Internal request contained invalid signature.',
    ],
  ] as const)('%s', async (_what, request, status, message) => {
    ;[leader] = (await cluster.form(1)) as [FakeWorker]
    await cluster.create('a')
    for (const ask of [leader.herder.putTaskConfigs('a', [], request()), leader.herder.fenceZombies('a', request())])
      await expect(cluster.given(ask)).rejects.toMatchObject({ status, message: expect.stringMatching(message) })
  })

  test('signed right: done', async () => {
    ;[leader] = (await cluster.form(1)) as [FakeWorker]
    await cluster.create('a')
    const headers = signatureHeaders(body, leader.store.snapshot().sessionKey!.key, 'HmacSHA256')
    const request = { body, signature: headers[SIGNATURE_HEADER], algorithm: headers[ALGORITHM_HEADER] }
    await cluster.given(leader.herder.putTaskConfigs('a', [], request))
    expect(cluster.topic.keys().at(-1)).toBe('commit-a')
  })

  test('before there is a key: 503', async () => {
    cluster.group.protocol = 'sessioned'
    ;[leader, follower] = (await cluster.form(2)) as [FakeWorker, FakeWorker]
    const late = await cluster.add()
    late.store.snapshot = () => ({ ...follower.store.snapshot(), sessionKey: null })
    await cluster.until(() => late.member.protocol === 'sessioned')
    await expect(
      cluster.given(late.herder.putTaskConfigs('a', [], { body, signature: 'x', algorithm: 'HmacSHA256' })),
    ).rejects.toMatchObject({ status: 503 })
  })
})

test('log levels for the whole cluster reach every worker; one that is not known harms nobody', async () => {
  ;[leader, follower] = (await cluster.form(2)) as [FakeWorker, FakeWorker]
  await cluster.given(follower.herder.setClusterLoggerLevel('org.apache', 'DEBUG'))
  await cluster.quiet()
  expect(cluster.levels.get('org.apache')).toBe('DEBUG')
  await cluster.given(follower.herder.setClusterLoggerLevel('org.apache', 'LOUD'))
  await cluster.create('a')
})
