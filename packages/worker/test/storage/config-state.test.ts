import { describe, expect, test } from '@jest/globals'
import { DataError } from '@sluice/sdk'
import { decodeConfigRecord } from '../../src/storage/config-records.ts'
import { ConfigState } from '../../src/storage/config-state.ts'
import { Told } from './told.ts'

/** A state made from records as they stand in the topic: key and JSON. */
class Reading {
  readonly state = new ConfigState()
  readonly told = new Told()
  isLive = true
  #offset = 0

  read(key: string, value: unknown): this {
    this.state.read(this.#offset++)
    const record = decodeConfigRecord(Buffer.from(key), value === null ? null : Buffer.from(JSON.stringify(value)))
    this.state.apply(record, this.isLive ? this.told : null)
    return this
  }

  connector(name = 'c'): this {
    return this.read(`connector-${name}`, { properties: { name } })
  }

  task(task: number, of = 'c'): this {
    return this.read(`task-${of}-${task}`, { properties: { n: `${task}` } })
  }
}

describe('task configs', () => {
  test('mean nothing before they are committed', () => {
    const { state, told } = new Reading().connector().task(0)
    expect(state.snapshot().tasks('c')).toEqual([])
    expect(told.take()).toEqual(['changed c'])
  })

  test('a set that is not whole makes the connector inconsistent, and its tasks none', () => {
    const reading = new Reading().connector().task(0).task(1).read('commit-c', { tasks: 2 })
    reading.told.take()
    reading.task(0).task(2).read('commit-c', { tasks: 3 })
    const snapshot = reading.state.snapshot()
    expect(snapshot.isInconsistent('c')).toBe(true)
    expect(snapshot.tasks('c')).toEqual([])
    expect(snapshot.taskConfig({ connector: 'c', task: 0 })).toBeUndefined()
    expect(reading.told.take()).toEqual(['tasks '])
  })

  test('what is left of a broken set does not complete a later one', () => {
    const reading = new Reading().connector().task(0).read('commit-c', { tasks: 2 })
    reading.task(1).read('commit-c', { tasks: 2 })
    expect(reading.state.snapshot().isInconsistent('c')).toBe(true)
    reading.task(0).task(1).read('commit-c', { tasks: 2 })
    expect(reading.state.snapshot().isInconsistent('c')).toBe(false)
    expect(reading.state.snapshot().taskConfigs('c')).toEqual([{ n: '0' }, { n: '1' }])
  })

  test('more than the commit says are no fault: compaction leaves some of an older set', () => {
    const { state } = new Reading().connector().task(2).task(0).task(1).read('commit-c', { tasks: 2 })
    expect(state.snapshot().taskConfigs('c')).toEqual([{ n: '0' }, { n: '1' }])
    expect(state.snapshot().taskConfig({ connector: 'c', task: 2 })).toBeUndefined()
  })

  test('a commit for a connector that is not there is passed over, with what it commits', () => {
    const reading = new Reading().read('target-state-c', { state: 'PAUSED' }).task(0).read('commit-c', { tasks: 1 })
    expect(reading.told.take()).toEqual([])
    reading.connector()
    expect(reading.state.snapshot().tasks('c')).toEqual([])
    expect(reading.state.snapshot().isInconsistent('c')).toBe(false)
    reading.read('commit-c', { tasks: 1 })
    expect(reading.state.snapshot().isInconsistent('c')).toBe(true)
  })

  test('those of a deleted connector do not revive', () => {
    const reading = new Reading().connector().task(0).task(1).read('connector-c', null).connector()
    reading.read('commit-c', { tasks: 2 })
    expect(reading.state.snapshot().tasks('c')).toEqual([])
    expect(reading.state.snapshot().isInconsistent('c')).toBe(true)
  })

  test('the number stands behind the last dash of the key', () => {
    const { state } = new Reading().connector('a-1').task(0, 'a-1').read('commit-a-1', { tasks: 1 })
    expect(state.snapshot().tasks('a-1')).toEqual([{ connector: 'a-1', task: 0 }])
  })

  test('a count beyond all reason is an inconsistent set, and nothing worse', () => {
    const { state } = new Reading()
      .connector()
      .task(0)
      .read('commit-c', { tasks: 2 ** 50 })
    expect(state.snapshot().isInconsistent('c')).toBe(true)
  })
})

describe('target states', () => {
  test('the newer field counts; without it, or where it is no text, the older one', () => {
    const reading = new Reading().connector()
    const state = (value: unknown): string => reading.read('target-state-c', value).state.snapshot().targetState('c')
    expect(state({ state: 'PAUSED', 'state.v2': 'STOPPED' })).toBe('STOPPED')
    expect(state({ state: 'PAUSED' })).toBe('PAUSED')
    expect(state({ state: 'STARTED', 'state.v2': 7 })).toBe('STARTED')
  })

  test('an unknown one leaves it as it was', () => {
    const reading = new Reading().connector().read('target-state-c', { state: 'PAUSED' })
    expect(() => reading.read('target-state-c', { state: 'PAUSED', 'state.v2': 'HIBERNATING' })).toThrow(DataError)
    expect(reading.state.snapshot().targetState('c')).toBe('PAUSED')
  })

  test('one that comes before its connector is kept for it, and not told', () => {
    const { state, told } = new Reading().read('target-state-c', { state: 'PAUSED' }).connector()
    expect(state.snapshot().targetState('c')).toBe('PAUSED')
    expect(told.take()).toEqual(['changed c'])
  })

  test('a deleted one is STARTED again, and not told', () => {
    const { state, told } = new Reading()
      .connector()
      .read('target-state-c', { state: 'PAUSED' })
      .read('target-state-c', null)
    expect(state.snapshot().targetState('c')).toBe('STARTED')
    expect(told.take()).toEqual(['changed c', 'target c'])
  })
})

describe('the start-up read', () => {
  test('keeps the session key, and nothing of restarts and loggers', () => {
    const reading = new Reading()
    reading.isLive = false
    reading
      .connector()
      .read('session-key', {
        key: Buffer.from('k').toString('base64'),
        algorithm: 'HmacSHA256',
        'creation-timestamp': 5,
      })
      .read('restart-connector-c', { 'include-tasks': true, 'only-failed': false })
      .read('logger-cluster-a', { level: 'DEBUG' })
    expect(reading.told.take()).toEqual([])
    expect(reading.state.snapshot().sessionKey).toEqual({
      key: Buffer.from('k'),
      algorithm: 'HmacSHA256',
      createdAt: 5,
    })
    expect(reading.state.snapshot().connectors()).toEqual(['c'])
  })
})

describe('a snapshot', () => {
  test('tells the offset behind the last record, whatever the record was', () => {
    const { state } = new Reading()
    expect(state.snapshot().offset).toBe(-1)
    state.read(4)
    expect(state.snapshot().offset).toBe(5)
    state.read(9)
    expect(state.snapshot().offset).toBe(10)
  })

  test('is the same object until something is read', () => {
    const reading = new Reading().connector()
    const snapshot = reading.state.snapshot()
    expect(reading.state.snapshot()).toBe(snapshot)
    reading.connector('d')
    expect(reading.state.snapshot()).not.toBe(snapshot)
  })
})

describe('records that mean nothing', () => {
  test.each([
    ['connector-c', '{'],
    ['connector-c', '[]'],
    ['connector-c', '7'],
    ['connector-c', '{}'],
    ['connector-c', '{"properties":[]}'],
    ['connector-c', '{"properties":{"a":7}}'],
    ['task-c', '{"properties":{}}'],
    ['task-c-x', '{"properties":{}}'],
    ['task--0', '{"properties":{}}'],
    ['task-c-0', null],
    ['commit-c', null],
    ['commit-c', '{"tasks":-1}'],
    ['commit-c', '{"tasks":1.5}'],
    ['commit-c', '{"tasks":"1"}'],
    ['target-state-c', '{}'],
    ['restart-connector-c', null],
    ['tasks-fencing-c', '{}'],
    ['session-key', '{"key":"","algorithm":"a","creation-timestamp":1}'],
    ['session-key', '{"key":"aaaa","algorithm":"a"}'],
    ['logger-cluster-a', '{"level":null}'],
    ['something-new-c', '{"a":1}'],
    ['', '{}'],
  ])('%s: %s', (key, value) => {
    const decode = (): unknown => decodeConfigRecord(Buffer.from(key), value === null ? null : Buffer.from(value))
    expect(decode).toThrow(DataError)
  })

  test('without a key, or with bytes that are no text', () => {
    expect(() => decodeConfigRecord(null, null)).toThrow(DataError)
    expect(() => decodeConfigRecord(Buffer.from([0xff, 0xfe]), null)).toThrow(DataError)
  })
})

test('fields that are not known are passed over, and settings without a value count as not given', () => {
  const text = '{"schema":1,"properties":{"a":"1","b":null},"later":{}}'
  expect(decodeConfigRecord(Buffer.from('connector-c'), Buffer.from(text))).toEqual({
    kind: 'connector',
    connector: 'c',
    config: { a: '1' },
  })
})

test('a restart request without its fields is for the connector alone', () => {
  expect(decodeConfigRecord(Buffer.from('restart-connector-c'), Buffer.from('{}'))).toEqual({
    kind: 'restart',
    request: { connector: 'c', includeTasks: false, onlyFailed: false },
  })
})
