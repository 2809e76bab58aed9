import { afterEach, describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { secretsNamed } from '../../src/connect/secrets.ts'
import { fakeWorker, type FakeWorker } from '../support/fake-worker.ts'
import { type Run, run } from '../support/test-terminal.ts'

const none = secretsNamed(new Set())

test.each([
  ['database.password', 'x'],
  ['producer.override.sasl.jaas.config', 'x'],
  ['aws.secret.access.key', 'x'],
  ['azure.account-key', 'x'],
  ['value.converter.basic.auth.user.info', 'u:p'],
  ['ssl.keystore.key', 'x'],
  ['oauth.client.credentials', 'x'],
  ['connection.url', 'jdbc:postgresql://ada:hunter2@db/orders'],
  ['connection.url', 'jdbc:mysql://db/orders?user=ada&password=hunter2'],
  ['connection.url', 'jdbc:sqlserver://db;user=ada;password=hunter2'],
  ['login', 'org.apache.kafka.common.security.plain.PlainLoginModule required username="a" password="b";'],
  ['pem', '-----BEGIN PRIVATE KEY-----\nMII'],
  ['header', 'Bearer abcdefghijk'],
  ['password', 'prefix-${env:P}'],
])('%s=%s is hidden', (setting, value) => {
  expect(none.hides(setting, value)).toBe(true)
})

test.each([
  ['database.password', '${file:/run/secrets/db:password}'],
  ['database.password', ''],
  ['connection.url', 'jdbc:postgresql://db:5432/orders'],
  ['connection.url', 'jdbc:postgresql://ada:${env:P}@db/orders'],
  ['connection.url', 'jdbc:postgresql://ada@db/orders'],
  ['key.converter', 'org.apache.kafka.connect.storage.StringConverter'],
  ['key.field', 'id'],
  ['query', 'select password from users'],
  ['name', 'Basic'],
])('%s=%s is shown', (setting, value) => {
  expect(none.hides(setting, value)).toBe(false)
})

describe('settings of innocent names that a plugin declares as passwords', () => {
  let worker: FakeWorker
  afterEach(() => worker.close())
  const sluice = (args: string, stdin = ''): Promise<Run> =>
    run(args.split(' '), { stdin, env: { SLUICE_CONNECT: worker.url } })
  const config = {
    name: 'c',
    'connector.class': 'Source',
    pin: '1234',
    'value.converter': 'Converter',
    'value.converter.phrase': 'abracadabra',
    transforms: 'mask, other',
    'transforms.mask.type': 'Mask',
    'transforms.mask.pepper': 'chili',
    'transforms.other.type': 'Gone',
    'transforms.other.pepper': 'shown',
  }

  async function start(): Promise<void> {
    worker = await fakeWorker({
      plugins: {
        Source: { pin: 'PASSWORD', topic: 'STRING' },
        Converter: { phrase: 'PASSWORD' },
        Mask: { pepper: 'PASSWORD' },
      },
    })
    worker.connectors.set('c', config)
  }

  test.each([
    'get connector c -o yaml',
    'get connector c -o json',
    'describe connector c',
    'describe connector c -o json',
  ])('are hidden by %s, be they of the connector, a converter or a transform', async (command) => {
    await start()
    const { status, out } = await sluice(command)
    expect(status).toBe(0)
    for (const secret of ['1234', 'abracadabra', 'chili']) expect(out).not.toContain(secret)
    expect(out).toContain('shown')
    const shown = (await sluice(`${command} --show-secrets`)).out
    for (const secret of ['1234', 'abracadabra', 'chili']) expect(shown).toContain(secret)
  })

  test('are hidden by diff, also those that only the old settings have', async () => {
    await start()
    const wanted = { name: 'c', 'connector.class': 'Other', pin: '5678' }
    const { status, out } = await sluice('diff -f -', JSON.stringify(wanted))
    expect(status).toBe(1)
    for (const secret of ['1234', '5678', 'abracadabra', 'chili']) expect(out).not.toContain(secret)
    expect(out).toContain('- pin=[hidden]\n  + pin=[hidden], but another\n')
  })

  test('are in no file that get writes, so that apply does not store the mask', async () => {
    await start()
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-secrets-'))
    const file = path.join(dir, 'c.yaml')
    fs.writeFileSync(file, (await sluice('get connector c -o yaml')).out)
    expect(await sluice(`apply -f ${file}`)).toMatchObject({
      status: 6,
      err: expect.stringContaining('--show-secrets'),
    })
    expect(worker.connectors.get('c')).toEqual(config)
    fs.rmSync(dir, { recursive: true })
  })
})
