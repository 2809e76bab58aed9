import { describe, expect, test } from '@jest/globals'
import { DataError } from '@sluice/sdk'
import { decodeStatusRecord } from '../../src/storage/status-records.ts'

const decode = (key: string, value: string | null): unknown =>
  decodeStatusRecord(Buffer.from(key), value === null ? null : Buffer.from(value))

const RUNNING = '{"state":"RUNNING","trace":null,"worker_id":"w","generation":3}'

test('a status of a worker before 4.1 has no version', () => {
  expect(decode('status-task-a-b-7', RUNNING)).toEqual({
    kind: 'task',
    id: { connector: 'a-b', task: 7 },
    status: { state: 'RUNNING', trace: null, workerId: 'w', generation: 3, version: null },
  })
})

test('a topic and a connector are told apart by what a topic’s name cannot have', () => {
  const value = '{"topic":{"name":"t-connector-x","connector":"a:connector-b","task":0,"discoverTimestamp":1}}'
  expect(decode('status-topic-t-connector-x:connector-a:connector-b', value)).toMatchObject({
    topic: 't-connector-x',
    connector: 'a:connector-b',
  })
})

describe('records that mean nothing', () => {
  test.each([
    ['status-connector-', RUNNING],
    ['status-task-c', RUNNING],
    ['status-task-c-x', RUNNING],
    ['status-topic-t', '{}'],
    ['status-topic-:connector-c', '{}'],
    ['status-topic-t:connector-', '{}'],
    ['status-topic-t:connector-c', '{"topic":7}'],
    ['status-connector-c', '{'],
    ['status-connector-c', '[]'],
    ['status-connector-c', '{"state":"HIBERNATING","worker_id":"w","generation":1}'],
    ['status-connector-c', '{"state":"RUNNING","worker_id":"w","generation":"1"}'],
    ['status-connector-c', '{"state":"RUNNING","generation":1}'],
    ['status-connector-c', '{"state":"RUNNING","worker_id":"w","generation":1,"trace":7}'],
    ['something-new', RUNNING],
  ])('%s: %s', (key, value) => {
    expect(() => decode(key, value)).toThrow(DataError)
  })
})
