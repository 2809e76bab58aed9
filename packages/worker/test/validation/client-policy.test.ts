/** Kafka Connect's ConnectorClientPolicyIntegrationTest (KIP-458, KIP-1188). */
import { describe, expect, test } from '@jest/globals'
import type { RawSettings, ValidatedSetting } from '@sluice/sdk'
import { overridePolicy } from '../../src/validation/client-overrides.ts'
import { validateConnector } from '../../src/validation/validator.ts'
import { validationParts } from '../support/connect-plugins.ts'

const POLICY = 'connector.client.config.override.policy'
const source = { name: 's', 'connector.class': 'FileStreamSource', topic: 't' }

async function overrides(policy: RawSettings, given: RawSettings): Promise<readonly ValidatedSetting[]> {
  const parts = validationParts(policy)
  const answer = await validateConnector({ ...source, ...given }, parts, new AbortController().signal)
  return answer.configs.filter(({ value }) => value.name.includes('.override.'))
}

async function errors(policy: RawSettings, given: RawSettings): Promise<readonly string[]> {
  return (await overrides(policy, given)).flatMap(({ value }) => value.errors)
}

const refused = (policy: string, setting: string): string =>
  `The '${policy}' policy does not allow '${setting}' to be overridden in the connector configuration.`

describe('client overrides', () => {
  test('None lets nothing be overridden, and a connector without overrides pass', async () => {
    for (const name of ['None', 'org.apache.kafka.connect.connector.policy.NoneConnectorClientConfigOverridePolicy']) {
      expect(await errors({ [POLICY]: name }, { 'producer.override.linger.ms': '5' })).toEqual([
        refused('None', 'linger.ms'),
      ])
      expect(await errors({ [POLICY]: name }, {})).toEqual([])
    }
  })

  test('Principal lets the login be overridden, and nothing else', async () => {
    const login = { 'producer.override.sasl.jaas.config': 'x', 'producer.override.security.protocol': 'SASL_SSL' }
    expect(await errors({ [POLICY]: 'Principal' }, login)).toEqual([])
    expect(await errors({ [POLICY]: 'Principal' }, { ...login, 'producer.override.acks': '1' })).toEqual([
      refused('Principal', 'acks'),
    ])
  })

  test('All is what holds without a word, and lets everything be overridden', async () => {
    for (const policy of [{}, { [POLICY]: 'All' }] as RawSettings[])
      expect(await errors(policy, { 'producer.override.acks': '1', 'producer.override.any.thing': 'x' })).toEqual([])
  })

  test('Allowlist lets through what is listed', async () => {
    const listed = { [POLICY]: 'Allowlist', 'connector.client.config.override.allowlist': 'acks, linger.ms' }
    expect(await errors({ [POLICY]: 'Allowlist' }, { 'producer.override.acks': '1' })).toEqual([
      refused('Allowlist', 'acks'),
    ])
    expect(await errors(listed, { 'producer.override.acks': '1', 'producer.override.linger.ms': '1' })).toEqual([])
    expect(await errors(listed, { 'producer.override.batch.size': '1' })).toEqual([refused('Allowlist', 'batch.size')])
  })

  test('another policy is nobody’s', () => {
    expect(() => overridePolicy({ [POLICY]: 'com.example.Mine' })).toThrow(/com\.example\.Mine could not be found/)
    expect(() => overridePolicy({ [POLICY]: 'toString' })).toThrow(/could not be found/)
  })

  test('each is shown behind the settings, with its definition where there is one', async () => {
    const found = await overrides({}, { 'producer.override.acks': '1', 'producer.override.any.thing': 'x' })
    expect(found).toMatchObject([
      {
        definition: { name: 'producer.override.acks', type: 'STRING' },
        value: { name: 'producer.override.acks', value: '1' },
      },
      { definition: null, value: { name: 'producer.override.any.thing', value: 'x' } },
    ])
  })

  test('that are no values of their setting are refused', async () => {
    expect(await errors({}, { 'producer.override.acks': '5', 'producer.override.linger.ms': '-1' })).toEqual([
      'Invalid value 5 for configuration acks: String must be one of: all, -1, 0, 1',
      'Invalid value -1 for configuration linger.ms: Value must be at least 0',
    ])
  })

  test('of clients that the connector does not have are left alone', async () => {
    const given = { 'consumer.override.group.protocol': 'x', 'admin.override.any.thing': 'x' }
    expect(await overrides({ [POLICY]: 'None' }, given)).toEqual([])
    expect(await errors({ [POLICY]: 'None' }, { ...given, 'offsets.storage.topic': 'mine' })).toHaveLength(3)
  })
})
