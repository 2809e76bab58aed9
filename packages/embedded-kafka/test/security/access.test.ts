import { afterEach, describe, expect, test } from '@jest/globals'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { type AclBinding, type Kafka, connect } from '@sluice/kafka'
import type { Client } from '../../src/broker.ts'
import { type Acl, OPERATION, PATTERN, PERMISSION, RESOURCE } from '../../src/security/acl.ts'
import { Acls } from '../../src/security/acls.ts'
import { Authorizer } from '../../src/security/authorizer.ts'
import { supportedOperations } from '../../src/security/open-access.ts'
import { openStateFile } from '../../src/settings/state-file.ts'
import { ALICE, TRUST, certificate, pem } from './secured.ts'

const alice = { principal: 'User:alice', host: '127.0.0.1' } as Client
const bob = { principal: 'User:bob', host: '127.0.0.1' } as Client

function acl(facts: Partial<Acl>): Acl {
  return {
    resourceType: RESOURCE.TOPIC,
    resourceName: 'orders',
    patternType: PATTERN.LITERAL,
    principal: 'User:alice',
    host: '*',
    operation: OPERATION.WRITE,
    permissionType: PERMISSION.ALLOW,
    ...facts,
  }
}

function guarded(own: readonly Partial<Acl>[], isOpenWithoutAcl = false): { acls: Acls; access: Authorizer } {
  const acls = new Acls(openStateFile(undefined, 'acls'))
  acls.add(own.map(acl))
  const terms = { superUsers: new Set(['User:root']), isOpenWithoutAcl, supported: supportedOperations('4.3') }
  return { acls, access: new Authorizer(acls, terms) }
}

const denied = { permissionType: PERMISSION.DENY }
const prefixed = { patternType: PATTERN.PREFIXED }

describe('an authorizer', () => {
  test('knows a change of ACLs at once, however often it was asked before', () => {
    const { acls, access } = guarded([{}])
    expect(access.may(alice, 'WRITE', 'TOPIC', 'orders')).toBe(true)
    acls.add([acl(denied)])
    expect(access.may(alice, 'WRITE', 'TOPIC', 'orders')).toBe(false)
    acls.delete([acl(denied)])
    expect(access.may(alice, 'WRITE', 'TOPIC', 'orders')).toBe(true)
    acls.delete([acl({})])
    expect(access.may(alice, 'WRITE', 'TOPIC', 'orders')).toBe(false)
  })

  test.each([
    ['nothing is about the resource', [], true],
    ['something allows somebody else', [{ principal: 'User:bob' }], false],
    ['something denies somebody else', [{ principal: 'User:bob', ...denied }], false],
    ['something is about another resource', [{ resourceName: 'other' }], true],
    ['something is about a prefix of it', [{ resourceName: 'ord', ...prefixed, principal: 'User:bob' }], false],
    ['something is about everything', [{ resourceName: '*', principal: 'User:bob' }], false],
    ['something is about a group of that name', [{ resourceType: RESOURCE.GROUP, principal: 'User:bob' }], true],
  ])('that is open without an ACL, when %s: %s', (_, acls, isAllowed) => {
    expect(guarded(acls, true).access.may(alice, 'READ', 'TOPIC', 'orders')).toBe(isAllowed)
  })

  test.each([
    ['nothing', [], false],
    ['one topic', [{}], true],
    ['all topics', [{ resourceName: '*' }], true],
    ['one topic, which is denied', [{}, denied], false],
    ['one topic, whose prefix is denied', [{}, { resourceName: 'ord', ...prefixed, ...denied }], false],
    ['one topic, and another is denied', [{}, { resourceName: 'other', ...denied }], true],
    ['one topic, and all are denied', [{}, { resourceName: '*', ...denied }], false],
    ['all topics, and one is denied', [{ resourceName: '*' }, denied], true],
    ['a prefix, of which a topic is denied', [{ resourceName: 'ord', ...prefixed }, denied], true],
    [
      'a prefix, and a shorter one is denied',
      [{ ...prefixed }, { resourceName: 'ord', ...prefixed, ...denied }],
      false,
    ],
    ['from another host', [{ host: '10.0.0.1' }], false],
    ['another operation', [{ operation: OPERATION.READ }], false],
    ['every operation', [{ operation: OPERATION.ALL }], true],
  ])('says whether there can be a topic to write to for whom ACLs allow %s', (_, acls, isAllowed) => {
    const { access } = guarded(acls)
    expect(access.mayAnywhere(alice, 'WRITE', 'TOPIC')).toBe(isAllowed)
    expect(access.mayAnywhere(bob, 'WRITE', 'TOPIC')).toBe(false)
  })

  test('lets super users do what is denied to everybody', () => {
    const { access } = guarded([{ principal: 'User:*', resourceName: '*', operation: OPERATION.ALL, ...denied }])
    const root = { ...alice, principal: 'User:root' }
    expect(access.may(root, 'DELETE', 'TOPIC', 'orders')).toBe(true)
    expect(access.mayAnywhere(root, 'WRITE', 'TOPIC')).toBe(true)
    expect(access.operations(root, 'GROUP', 'readers')).toBe(3400)
  })

  test('remembers no more names than it has room for', () => {
    const { access } = guarded([{ resourceName: '', ...prefixed }])
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 200_000; i++) access.may(alice, 'WRITE', 'TOPIC', `topic-${i}`)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 << 20)
    expect(access.may(alice, 'WRITE', 'TOPIC', 'topic-0')).toBe(true)
  })
})

describe('certificates are principals that ACLs are about:', () => {
  const opened: Kafka[] = []
  let broker: EmbeddedKafka | undefined
  afterEach(async () => {
    for (const kafka of opened.splice(0)) await kafka.close()
    await broker?.close()
  })

  test('what is allowed counts from the next request on, on connections that are there', async () => {
    broker = await startEmbeddedKafka({
      authorizer: true,
      configs: { 'super.users': 'User:admin;User:CN=alice' },
      listener: {
        tls: { cert: pem('broker.pem'), key: pem('broker.key'), ca: pem('ca.pem'), clientAuth: 'required' },
      },
    })
    const { bootstrapServers } = broker
    const admin = await connect({ bootstrapServers, ssl: ALICE })
    const ssl = { ...TRUST, cert: certificate('bob.pem'), key: certificate('bob.key') }
    const bobs = await connect({ bootstrapServers, ssl })
    opened.push(admin, bobs)
    await admin.admin.ensureTopics([{ topic: 'orders', partitions: 1 }])
    const refused = {
      code: 'KAFKA_REFUSED',
      retriable: false,
      message: expect.stringContaining('AUTHORIZATION_FAILED'),
    }
    const producer = bobs.producer()
    const record = { topic: 'orders', partition: 0, key: null, value: Buffer.from('v'), timestamp: null, headers: null }
    await expect(producer.produce([record])).rejects.toMatchObject(refused)
    const binding: AclBinding = {
      resourceType: 'topic',
      resourceName: 'ord',
      patternType: 'prefixed',
      principal: 'User:CN=bob',
      host: '127.0.0.1',
      operation: 'write',
      permission: 'allow',
    }
    await admin.admin.acls.create([binding])
    const allowed = bobs.producer()
    expect((await allowed.produce([record]))[0]).toMatchObject({ firstOffset: 0 })
    await admin.admin.acls.delete([{ principal: 'User:CN=bob' }])
    await expect(allowed.produce([record])).rejects.toMatchObject(refused)
    await producer.close(0)
    await allowed.close(0)
  })
})
