import { describe, expect, test } from '@jest/globals'
import type { TargetState } from '../../src/herder/herder.ts'
import { KnownPositions } from '../../src/positions/known-positions.ts'
import { decodeConfigRecord, encodeConfigRecord } from '../../src/storage/config-records.ts'
import { ConfigState } from '../../src/storage/config-state.ts'
import type { ConfigSnapshot } from '../../src/storage/config-store.ts'
import { readJson, writeJson } from '../../src/storage/record-json.ts'
import { StatusBoard } from '../../src/storage/status-board.ts'
import { decodeStatusRecord, encodeStatusRecord } from '../../src/storage/status-records.ts'
import { FILES, readTopicVectors, type TopicStep, type TopicVector } from '../support/topic-vectors.ts'

interface Bytes {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

describe.each(FILES)('%s', (file) => {
  const steps = readTopicVectors(file)
  const every = (topic: keyof TopicStep['records']): readonly TopicVector[] =>
    steps.flatMap(({ records }) => records[topic])

  test('every record of the config topic is understood, and written byte for byte', () => {
    const records = every('configs')
    for (const { key, value } of records) expectSame(encodeConfigRecord(decodeConfigRecord(key, value)), { key, value })
    counted(`${file}: config records`, records)
  })

  test('every record of the status topic is understood, and written byte for byte', () => {
    const records = every('status')
    for (const { key, value } of records) expectSame(encodeStatusRecord(decodeStatusRecord(key, value)), { key, value })
    counted(`${file}: status records`, records)
  })

  test('every position goes under the same key to the same partition, byte for byte', () => {
    const records = every('offsets')
    for (const { key, value, partition } of records) {
      const [connector, fields] = readJson(key) as [string, Readonly<Record<string, string>>]
      const position = value === null ? null : writeJson(readJson(value))
      const [entry] = new KnownPositions().entries(connector, fields, position, 5)
      expectSame(entry!, { key, value })
      // A folder's name was replaced in the others: theirs is not the partition of what stands there now.
      if (!key.toString().includes('/tmp/dir'))
        expect({ key: key.toString(), partition: entry!.partition }).toEqual({ key: key.toString(), partition })
    }
    counted(`${file}: positions`, records)
  })

  test('after each step connectors, target states and tasks are what was asked for', () => {
    const state = new ConfigState()
    const asked = new Asked()
    for (const step of steps) {
      for (const { offset, key, value } of step.records.configs) {
        state.read(offset)
        state.apply(decodeConfigRecord(key, value), null)
      }
      asked.take(step)
      const snapshot = state.snapshot()
      expect({ step: step.what, ...shown(snapshot) }).toEqual({ step: step.what, ...asked.shown() })
      const last = step.records.configs.at(-1)
      if (last !== undefined) expect(snapshot.offset).toBe(last.offset + 1)
    }
    expect(steps.length).toBeGreaterThan(0)
  })

  test('after each step the statuses are those that were written last', () => {
    const board = new StatusBoard()
    const last = new Map<string, string | null>()
    for (const step of steps) {
      for (const { key, value } of step.records.status) {
        board.apply(decodeStatusRecord(key, value))
        // The task's own goodbye is not believed while it is known to run in the same generation.
        const before = last.get(key.toString())
        const isLate = key.toString().startsWith('status-task-') && before?.includes('"RUNNING"') === true
        if (!(isLate && value?.includes('"UNASSIGNED"') === true)) last.set(key.toString(), value?.toString() ?? null)
      }
      const expected = [...last].filter(([, value]) => value !== null).map(([key, value]) => `${key} ${value}`)
      expect({ step: step.what, statuses: statusLines(board) }).toEqual({
        step: step.what,
        statuses: expected.toSorted(),
      })
    }
  })

  test('after each step the positions are those that were written last', () => {
    const known = new KnownPositions()
    const last = new Map<string, string>()
    for (const step of steps) {
      for (const { key, value, partition, offset } of step.records.offsets) {
        known.apply({ key, value, partition, offset, timestamp: offset })
        if (value === null) last.delete(key.toString())
        else last.set(key.toString(), value.toString())
      }
      for (const text of new Set(every('offsets').map(({ key }) => key.toString()))) {
        const [connector, partition] = JSON.parse(text) as [string, Readonly<Record<string, string>>]
        const value = known.get(connector, partition)?.value ?? null
        expect(value === null ? undefined : Buffer.from(value).toString()).toBe(last.get(text))
      }
    }
  })
})

/** The words of the steps themselves, as far as they were asked for by REST. */
class Asked {
  readonly #connectors = new Map<string, { targetState: TargetState; tasks: number }>()

  take({ request, records }: TopicStep): void {
    if (request === null) return
    const [, , name = '', what] = request.path.split(/[/?]/)
    const body = request.body as { readonly name?: string; readonly initial_state?: TargetState } | null
    const [connector, at] = name === '' ? [body!.name!, undefined] : [name, this.#connectors.get(name)]
    if (name === '' && request.method === 'POST')
      this.#connectors.set(connector, { targetState: body?.initial_state ?? 'STARTED', tasks: 0 })
    if (request.method === 'DELETE' && what === undefined) this.#connectors.delete(name)
    if (what === 'pause') at!.targetState = 'PAUSED'
    if (what === 'resume') at!.targetState = 'STARTED'
    if (what === 'stop') at!.targetState = 'STOPPED'
    for (const { key, value } of records.configs)
      if (key.toString().startsWith('commit-'))
        this.#connectors.get(key.toString().slice('commit-'.length))!.tasks = (
          JSON.parse(String(value)) as { tasks: number }
        ).tasks
  }

  shown(): object {
    return Object.fromEntries(this.#connectors)
  }
}

function shown(snapshot: ConfigSnapshot): object {
  return Object.fromEntries(
    snapshot.connectors().map((connector) => {
      expect(snapshot.isInconsistent(connector)).toBe(false)
      expect(snapshot.connectorConfig(connector)).toMatchObject({ name: connector })
      return [connector, { targetState: snapshot.targetState(connector), tasks: snapshot.tasks(connector).length }]
    }),
  )
}

function statusLines(board: StatusBoard): readonly string[] {
  const line = ({ key, value }: Bytes): string => `${Buffer.from(key).toString()} ${Buffer.from(value!).toString()}`
  const connectors = ['a', 'two', 'asleep', 'still', 'out', 'bad']
  return connectors
    .flatMap((connector) => {
      const status = board.connector(connector)
      return [
        ...(status === null ? [] : [line(encodeStatusRecord({ kind: 'connector', connector, status }))]),
        ...board.tasks(connector).map(({ id, ...task }) => {
          return line(encodeStatusRecord({ kind: 'task', id: { connector, task: id }, status: task }))
        }),
        ...board.topics(connector).map((use) => {
          return line(encodeStatusRecord({ kind: 'topic', connector, topic: use.topic, use }))
        }),
      ]
    })
    .toSorted()
}

function expectSame(written: Bytes, given: Bytes): void {
  const text = ({ key, value }: Bytes): object => ({
    key: Buffer.from(key).toString(),
    value: value === null ? null : Buffer.from(value).toString(),
  })
  expect(text(written)).toEqual(text(given))
  expect(Buffer.compare(written.key, given.key)).toBe(0)
}

function counted(what: string, records: readonly TopicVector[]): void {
  const filledIn = records.filter(({ isFilledIn }) => isFilledIn).length
  expect(records.length).toBeGreaterThan(0)
  console.info(
    `${what}: ${records.length}, of which ${filledIn} with values of ours where theirs differ from run to run`,
  )
}
