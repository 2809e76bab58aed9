import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { BROKER_SETTINGS, GROUP_SETTINGS } from '../../src/settings/broker-setting-table.ts'
import { ConfiguredSettings } from '../../src/settings/broker-settings.ts'
import { checkSetting } from '../../src/settings/setting.ts'
import { type StateFile, openStateFile } from '../../src/settings/state-file.ts'

const CLUSTER = { kind: 'node', name: '' } as const
const NODE = { kind: 'node', name: '1' } as const
const GROUP = { kind: 'group', name: 'readers' } as const
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'embedded-kafka-settings-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function refusal(step: () => unknown): string {
  try {
    step()
  } catch (error) {
    return (error as Error).name
  }
  return 'NONE'
}

describe('broker settings', () => {
  test('a node’s value comes before the cluster’s, the given one, and the default', () => {
    const settings = new ConfiguredSettings({ 'log.retention.ms': '1' }, openStateFile(undefined, 'settings'))
    expect(settings.number('log.retention.ms')).toBe(1)
    settings.alter(CLUSTER, { 'log.retention.ms': '2' })
    expect(settings.number('log.retention.ms')).toBe(2)
    settings.alter(NODE, { 'log.retention.ms': '3' })
    expect(settings.number('log.retention.ms')).toBe(3)
    expect(settings.valuesOf('log.retention.ms').map(({ source }) => source)).toEqual(['node', 'cluster', 'static'])
    settings.alter(NODE, {})
    settings.alter(CLUSTER, {})
    expect(settings.number('log.retention.ms')).toBe(1)
  })

  test('what was altered survives a restart', () => {
    new ConfiguredSettings({}, openStateFile(directory, 'settings')).alter(CLUSTER, { 'message.max.bytes': '99' })
    const after = new ConfiguredSettings({}, openStateFile(directory, 'settings'))
    expect(after.number('message.max.bytes')).toBe(99)
    expect(after.override('message.max.bytes')).toBe('99')
  })

  test('what cannot be saved has not been altered', () => {
    const file: StateFile = {
      load: () => undefined,
      save: () => {
        throw new Error('disk full')
      },
    }
    const settings = new ConfiguredSettings({}, file)
    expect(refusal(() => settings.alter(CLUSTER, { 'message.max.bytes': '99' }))).toBe('KAFKA_STORAGE_ERROR')
    expect(settings.number('message.max.bytes')).toBe(1_048_588)
  })

  test('a default is no override, and a setting without a value is none', () => {
    const settings = new ConfiguredSettings({}, openStateFile(undefined, 'settings'))
    expect(settings.override('log.retention.hours')).toBeUndefined()
    expect(settings.text('log.retention.ms')).toBe('')
    expect(settings.number('log.retention.ms')).toBeNaN()
  })

  test('listeners learn of what is altered for nodes, not of groups', () => {
    const settings = new ConfiguredSettings({}, openStateFile(undefined, 'settings'))
    let calls = 0
    settings.onChange(() => calls++)
    settings.alter(CLUSTER, { 'message.max.bytes': '99' })
    settings.alter(GROUP, { 'consumer.session.timeout.ms': '50000' })
    expect(calls).toBe(1)
  })

  test('a name nobody knows is a mistake of the program that asks', () => {
    const settings = new ConfiguredSettings({}, openStateFile(undefined, 'settings'))
    expect(() => settings.number('no.such.setting')).toThrow('no.such.setting')
  })

  test('a value that cannot be is refused at the start', () => {
    const start = (): unknown => new ConfiguredSettings({ 'num.partitions': 'many' }, openStateFile(undefined, 's'))
    expect(refusal(start)).toBe('INVALID_CONFIG')
  })
})

test('a group’s own setting comes before the broker’s', () => {
  const settings = new ConfiguredSettings({}, openStateFile(undefined, 'settings'))
  expect(settings.ofGroup('readers', 'consumer.session.timeout.ms')).toBe(45_000)
  settings.alter(GROUP, { 'consumer.session.timeout.ms': '50000' })
  expect(settings.ofGroup('readers', 'consumer.session.timeout.ms')).toBe(50_000)
  expect(settings.ofGroup('others', 'consumer.session.timeout.ms')).toBe(45_000)
  expect(settings.altered('group')).toEqual(['readers'])
})

describe('values', () => {
  const setting = (
    type: 'boolean' | 'int' | 'long' | 'double' | 'list' | 'short',
    more = {},
  ): Parameters<typeof checkSetting>[0] => ({
    name: 'x',
    type,
    default: null,
    documentation: '',
    isDynamic: true,
    ...more,
  })

  test.each([
    ['boolean', 'true', {}, 'NONE'],
    ['boolean', 'TRUE', {}, 'NONE'],
    ['boolean', '1', {}, 'INVALID_CONFIG'],
    ['int', '2147483647', {}, 'NONE'],
    ['int', '2147483648', {}, 'INVALID_CONFIG'],
    ['int', '1.5', {}, 'INVALID_CONFIG'],
    ['int', '', {}, 'INVALID_CONFIG'],
    ['int', '0x10', {}, 'INVALID_CONFIG'],
    ['short', '40000', {}, 'INVALID_CONFIG'],
    ['long', '9223372036854775807', {}, 'NONE'],
    ['long', '1e30', {}, 'INVALID_CONFIG'],
    ['double', '0.5', { range: [0, 1] }, 'NONE'],
    ['double', '1.5', { range: [0, 1] }, 'INVALID_CONFIG'],
    ['list', 'a, b', { choices: ['a', 'b'] }, 'NONE'],
    ['list', 'a,c', { choices: ['a', 'b'] }, 'INVALID_CONFIG'],
  ] as const)('%s %j %j: %s', (type, value, more, outcome) => {
    expect(refusal(() => checkSetting(setting(type, more), value))).toBe(outcome)
  })

  test('every default is a value that its setting takes', () => {
    for (const one of [...BROKER_SETTINGS.values(), ...GROUP_SETTINGS.values()]) {
      if (one.default !== null && one.default !== '') checkSetting(one, one.default)
      expect(one.documentation).not.toBe('')
    }
  })
})

describe('a state file', () => {
  test('has what was saved last', () => {
    const file = openStateFile(directory, 'state')
    expect(file.load()).toBeUndefined()
    file.save({ a: 1 })
    file.save({ a: 2 })
    expect(openStateFile(directory, 'state').load()).toEqual({ a: 2 })
  })

  test('that is damaged is named', () => {
    writeFileSync(join(directory, 'state.json'), '{"a":')
    expect(() => openStateFile(directory, 'state').load()).toThrow(join(directory, 'state.json'))
  })

  test('is a text that people can read', () => {
    openStateFile(directory, 'state').save({ a: 1 })
    expect(readFileSync(join(directory, 'state.json'), 'utf8')).toBe('{\n  "a": 1\n}\n')
  })
})
