/** Confluent's REST API, path by path: what is answered, with which status, and what is written to the topic for it. */
import { beforeEach, describe, expect, test } from '@jest/globals'
import { setImmediate } from 'node:timers/promises'
import type { RestRequest } from '../../src/rest.ts'
import { Registry } from '../../src/registry/registry.ts'
import { memoryLog } from '../../src/registry/registry-log.ts'
import { answer } from '../../src/registry/router.ts'
import { type RegistryRecord, keyBytes, readRecord, valueBytes } from '../../src/registry/schemas-topic.ts'

let records: RegistryRecord[]
let registry: Registry

beforeEach(async () => {
  records = []
  registry = await Registry.open(memoryLog(records))
})

async function ask(method: RestRequest['method'], path: string, body?: unknown): Promise<[number, unknown]> {
  const { status, body: answered } = await answer(registry, { method, path, body })
  return [status, JSON.parse(JSON.stringify(answered))]
}

const record = (...fields: readonly string[]): { schema: string } => {
  const list = fields.map((name) => ({ name, type: 'int' }))
  return { schema: JSON.stringify({ type: 'record', name: 'R', fields: list }) }
}
const error = (code: number): unknown => [
  Number(String(code).slice(0, 3)),
  expect.objectContaining({ error_code: code }),
]
const register = (subject: string, body: object = { schema: '"string"' }): Promise<[number, unknown]> =>
  ask('POST', `/subjects/${subject}/versions`, body)

describe('schemas', () => {
  test('by id, with their type only where it is not Avro', async () => {
    expect(await register('a')).toEqual([200, { id: 1 }])
    expect(await register('j', { schema: '{"type": "object"}', schemaType: 'JSON' })).toEqual([200, { id: 2 }])
    expect(await ask('GET', '/schemas/ids/1')).toEqual([200, { schema: '"string"' }])
    expect(await ask('GET', '/schemas/ids/2')).toEqual([200, { schema: '{"type":"object"}', schemaType: 'JSON' }])
    expect(await ask('GET', '/schemas/ids/2?fetchMaxId=true')).toEqual([200, expect.objectContaining({ maxId: 2 })])
    expect(await ask('GET', '/schemas/ids/2/schema')).toEqual([200, { type: 'object' }])
    expect(await ask('GET', '/schemas/ids/3')).toEqual(error(40403))
    expect(await ask('GET', '/schemas/ids/x')).toEqual(error(404))
  })

  test('by id, with all that has it', async () => {
    await register('a')
    await register('b')
    expect(await ask('GET', '/schemas/ids/1/subjects')).toEqual([200, ['a', 'b']])
    await ask('DELETE', '/subjects/a')
    expect(await ask('GET', '/schemas/ids/1/versions')).toEqual([200, [{ subject: 'b', version: 1 }]])
    expect(await ask('GET', '/schemas/ids/1/subjects?deleted=true')).toEqual([200, expect.arrayContaining(['a', 'b'])])
  })

  test('in a list, of a prefix, the latest only, page by page', async () => {
    await ask('PUT', '/config', { compatibility: 'NONE' })
    for (const schema of ['"int"', '"long"']) await register('a', { schema })
    await register('b')
    const subjects = async (query: string): Promise<unknown> =>
      ((await ask('GET', `/schemas${query}`))[1] as { subject: string; version: number }[]).map(
        (at) => at.subject + at.version,
      )
    expect(await subjects('')).toEqual(['a1', 'a2', 'b1'])
    expect(await subjects('?latestOnly=true')).toEqual(['a2', 'b1'])
    expect(await subjects('?subjectPrefix=b')).toEqual(['b1'])
    expect(await subjects('?offset=1&limit=1')).toEqual(['a2'])
    expect(await ask('GET', '/schemas/types')).toEqual([200, ['JSON', 'PROTOBUF', 'AVRO']])
  })
})

describe('subjects', () => {
  test('have versions, which begin with 1', async () => {
    await register('s', record())
    await register('s', { schema: record('a').schema.replace('"int"', '"int","default":0') })
    expect(await ask('GET', '/subjects')).toEqual([200, ['s']])
    expect(await ask('GET', '/subjects/s/versions')).toEqual([200, [1, 2]])
    const latest = await ask('GET', '/subjects/s/versions/latest')
    expect(latest).toEqual([200, { subject: 's', version: 2, id: 2, schema: expect.stringContaining('"default":0') }])
    expect(await ask('GET', '/subjects/s/versions/-1')).toEqual(latest)
    expect(await ask('GET', '/subjects/s/versions/1/schema')).toEqual([200, { type: 'record', name: 'R', fields: [] }])
  })

  test.each([
    ['GET', '/subjects/s/versions/3', 40402],
    ['GET', '/subjects/s/versions/0', 42202],
    ['GET', '/subjects/s/versions/first', 42202],
    ['GET', '/subjects/nobody/versions', 40401],
    ['GET', '/subjects/nobody/versions/latest', 40401],
    ['DELETE', '/subjects/nobody', 40401],
    ['DELETE', '/subjects/s?permanent=true', 40405],
    ['DELETE', '/subjects/s/versions/1?permanent=true', 40407],
    ['GET', '/config/s', 40408],
    ['GET', '/mode/s', 40409],
    ['GET', '/nothing', 404],
    ['PUT', '/subjects', 405],
  ] as const)('%s %s is refused with %i', async (method, path, code) => {
    await register('s')
    expect(await ask(method, path)).toEqual(error(code))
  })

  test.each([
    ['no schema', {}, 42201],
    ['an empty schema', { schema: ' ' }, 42201],
    ['what is no schema', { schema: '{"type":"nothing"}' }, 42201],
    ['an unknown type', { schema: '{}', schemaType: 'XML' }, 42201],
    ['a reference to nothing', { schema: '"int"', references: [{ name: 'a', subject: 'a', version: 1 }] }, 42201],
    ['a reference without a version', { schema: '"int"', references: [{ name: 'a', subject: 'a' }] }, 422],
    ['a list', [], 422],
    ['an id of its own', { schema: '"int"', id: 7 }, 42205],
  ])('are not given %s', async (_, body, code) => {
    expect(await register('s', body)).toEqual(error(code))
    expect(records).toEqual([])
  })

  test('are looked up by a schema', async () => {
    await register('s', record())
    expect(await ask('POST', '/subjects/s', record())).toEqual([200, expect.objectContaining({ version: 1, id: 1 })])
    expect(await ask('POST', '/subjects/s', record('a'))).toEqual(error(40403))
    await ask('DELETE', '/subjects/s')
    expect(await ask('POST', '/subjects/s', record())).toEqual(error(40401))
    expect(await ask('POST', '/subjects/s?deleted=true', record())).toEqual([200, expect.objectContaining({ id: 1 })])
  })

  test('are deleted softly first, and then for good', async () => {
    await register('s', { schema: '"int"' })
    await register('s', { schema: '"long"' })
    expect(await ask('DELETE', '/subjects/s/versions/1')).toEqual([200, 1])
    expect(await ask('DELETE', '/subjects/s/versions/1')).toEqual(error(40406))
    expect(await ask('GET', '/subjects/s/versions?deleted=true')).toEqual([200, [1, 2]])
    expect(await ask('GET', '/subjects/s/versions?deletedOnly=true')).toEqual([200, [1]])
    expect(await ask('DELETE', '/subjects/s')).toEqual([200, [2]])
    expect(await ask('DELETE', '/subjects/s')).toEqual(error(40404))
    expect(await ask('GET', '/subjects?deleted=true')).toEqual([200, ['s']])
    expect(await register('s', { schema: '"int"' })).toEqual([200, { id: 1 }])
    expect(await ask('GET', '/subjects/s/versions')).toEqual([200, [3]])
    expect(await ask('DELETE', '/subjects/s/versions/2?permanent=true')).toEqual([200, 2])
    expect(await ask('GET', '/schemas/ids/2')).toEqual(error(40403))
  })

  test('that others refer to stay', async () => {
    await register('inner', { schema: '{"type":"enum","name":"E","symbols":["A"]}' })
    const references = [{ name: 'E', subject: 'inner', version: 1 }]
    const schema = '{"type":"array","items":"E"}'
    await register('outer', { schema, references })
    expect(await ask('GET', '/schemas/ids/2')).toEqual([200, { schema, references }])
    expect(await ask('GET', '/subjects/inner/versions/1/referencedby')).toEqual([200, [2]])
    expect(await ask('DELETE', '/subjects/inner')).toEqual(error(42206))
    expect(await ask('DELETE', '/subjects/inner/versions/1')).toEqual(error(42206))
    await ask('DELETE', '/subjects/outer')
    expect(await ask('DELETE', '/subjects/inner')).toEqual([200, [1]])
  })
})

describe('compatibility', () => {
  test('is BACKWARD unless it is said otherwise, and refuses with reasons', async () => {
    await register('s', record())
    expect(await register('s', record('a'))).toEqual([
      409,
      { error_code: 409, message: expect.stringContaining("errorType:'READER_FIELD_MISSING_DEFAULT_VALUE'") },
    ])
    expect(await ask('PUT', '/config/s', { compatibility: 'forward' })).toEqual([200, { compatibility: 'forward' }])
    expect(await ask('GET', '/config/s')).toEqual([200, { compatibilityLevel: 'FORWARD' }])
    expect(await register('s', record('a'))).toEqual([200, { id: 2 }])
  })

  test('is asked about beside one version, or all that the level looks at', async () => {
    await register('s', record())
    const path = '/compatibility/subjects/s/versions'
    expect(await ask('POST', `${path}/latest`, record('a'))).toEqual([200, { is_compatible: false }])
    expect(await ask('POST', `${path}/1?verbose=true`, record())).toEqual([200, { is_compatible: true, messages: [] }])
    expect(await ask('POST', path, record())).toEqual([200, { is_compatible: true }])
    expect(await ask('POST', `${path}/9`, record())).toEqual(error(40402))
    expect(await ask('POST', '/compatibility/subjects/new/versions/latest', record())).toEqual([
      200,
      { is_compatible: true },
    ])
  })

  test('of a subject can be taken back', async () => {
    expect(await ask('PUT', '/config', { compatibility: 'SOME' })).toEqual(error(42203))
    await ask('PUT', '/config', { compatibility: 'FULL' })
    await ask('PUT', '/config/s', { compatibility: 'NONE' })
    expect(await ask('DELETE', '/config/s')).toEqual([200, { compatibilityLevel: 'NONE' }])
    expect(await ask('GET', '/config/s?defaultToGlobal=true')).toEqual([200, { compatibilityLevel: 'FULL' }])
    expect(await ask('GET', '/config')).toEqual([200, { compatibilityLevel: 'FULL' }])
  })
})

describe('modes', () => {
  test('keep a subject, or all, from being written', async () => {
    expect(await ask('PUT', '/mode', { mode: 'SOMEHOW' })).toEqual(error(42204))
    expect(await ask('PUT', '/mode', { mode: 'readonly' })).toEqual([200, { mode: 'READONLY' }])
    expect(await register('s')).toEqual(error(42205))
    expect(await ask('PUT', '/config', { compatibility: 'NONE' })).toEqual(error(42205))
    await ask('PUT', '/mode/s', { mode: 'READWRITE' })
    expect(await register('s')).toEqual([200, { id: 1 }])
    expect(await ask('DELETE', '/mode/s')).toEqual([200, { mode: 'READWRITE' }])
    expect(await ask('GET', '/mode/s?defaultToGlobal=true')).toEqual([200, { mode: 'READONLY' }])
  })

  test('let ids be brought from another registry', async () => {
    await ask('PUT', '/mode/s', { mode: 'IMPORT' })
    expect(await register('s', { schema: '"int"', id: 100, version: 7 })).toEqual([200, { id: 100 }])
    expect(await register('s', { schema: '"long"', id: 100 })).toEqual(error(42205))
    expect(await ask('GET', '/subjects/s/versions')).toEqual([200, [7]])
    expect(await register('t')).toEqual([200, { id: 101 }])
    expect(await ask('PUT', '/mode', { mode: 'IMPORT' })).toEqual(error(42205))
  })
})

describe('contexts', () => {
  test('are part of a subject or of the path, and have ids of their own', async () => {
    await register('s')
    await register(':.lab:s', { schema: '"int"' })
    expect(await ask('POST', '/contexts/.lab/subjects/t/versions', { schema: '"long"' })).toEqual([200, { id: 2 }])
    expect(await ask('GET', '/contexts')).toEqual([200, ['.', '.lab']])
    expect(await ask('GET', '/schemas/ids/1')).toEqual([200, { schema: '"string"' }])
    expect(await ask('GET', '/schemas/ids/1?subject=:.lab:s')).toEqual([200, { schema: '"int"' }])
    expect(await ask('GET', '/contexts/.lab/schemas/ids/2')).toEqual([200, { schema: '"long"' }])
    expect(await ask('GET', '/contexts/.lab/subjects')).toEqual([200, [':.lab:s', ':.lab:t']])
    expect(await ask('GET', '/subjects/:.:s/versions')).toEqual([200, [1]])
  })
})

describe('the topic', () => {
  test('holds the records that Confluent’s registry writes', async () => {
    await register('s', { schema: '{"type": "object"}', schemaType: 'JSON' })
    await ask('PUT', '/config/s', { compatibility: 'FULL' })
    await ask('PUT', '/mode', { mode: 'READWRITE' })
    await ask('DELETE', '/subjects/s')
    const text = records.map(({ key, value }) =>
      [keyBytes(key), valueBytes(value)].map((bytes) => bytes && Buffer.from(bytes).toString()),
    )
    expect(text).toEqual([
      [
        '{"keytype":"SCHEMA","subject":"s","version":1,"magic":1}',
        '{"subject":"s","version":1,"id":1,"schemaType":"JSON","schema":"{\\"type\\":\\"object\\"}","deleted":false}',
      ],
      ['{"keytype":"CONFIG","subject":"s","magic":0}', '{"compatibilityLevel":"FULL"}'],
      ['{"keytype":"MODE","subject":null,"magic":0}', '{"mode":"READWRITE"}'],
      ['{"keytype":"DELETE_SUBJECT","subject":"s","magic":0}', '{"subject":"s","version":1}'],
      ['{"keytype":"CONFIG","subject":"s","magic":0}', null],
    ])
  })

  test('is all that a registry needs: another one on it answers the same, compacted or not', async () => {
    await register('s', record())
    await register('t', { schema: '"int"', metadata: { properties: { owner: 'me' } } })
    await ask('PUT', '/config', { compatibility: 'NONE' })
    await register('s', record('a'))
    await ask('DELETE', '/subjects/s/versions/1')
    await ask('DELETE', '/subjects/s/versions/1?permanent=true')
    await ask('DELETE', '/subjects/t')
    await ask('DELETE', '/subjects/t?permanent=true')
    await register('t', { schema: '"long"', metadata: { properties: { owner: 'me' } } })
    await register('v', { schema: '"bytes"' })
    await ask('DELETE', '/subjects/v')
    await ask('DELETE', '/subjects/v?permanent=true')
    const paths = ['/schemas?deleted=true', '/subjects?deleted=true', '/config', '/schemas/ids/4', '/schemas/ids/3']
    const before = await Promise.all(paths.map((path) => ask('GET', path)))
    const asBytes = records.map(({ key, value, idMax }) => ({
      ...readRecord(keyBytes(key), valueBytes(value))!,
      ...(idMax === undefined ? {} : { idMax }),
    }))
    const keys = asBytes.map(({ key }) => JSON.stringify(key))
    const compacted = asBytes.filter(({ value }, i) => keys.lastIndexOf(keys[i]!) === i && value !== null)
    for (const log of [asBytes, compacted]) {
      registry = await Registry.open(memoryLog([...log]))
      expect(await Promise.all(paths.map((path) => ask('GET', path)))).toEqual(before)
      expect(await register('u')).toEqual([200, { id: 6 }])
    }
  })

  test('may hold records of another registry: what is not known is left aside, and a schema that cannot be read is served', async () => {
    const unknown: unknown[] = []
    const value = { subject: 's', version: 1, id: 9, schema: '{"type":"odd"}', deleted: false, md5: 'x' }
    const log = [
      { key: { keytype: 'SCHEMA', subject: 's', version: 1, magic: 1 } as const, value },
      { key: { keytype: 'NOOP', magic: 0 } as const, value: null },
      { key: { keytype: 'FUTURE' } as never, value: {} },
    ]
    registry = await Registry.open(memoryLog(log), (record) => unknown.push(record))
    expect(unknown).toEqual([log[2]])
    expect(await ask('GET', '/schemas/ids/9')).toEqual([200, { schema: '{"type":"odd"}' }])
    expect(await register('s')).toEqual([200, { id: 10 }])
    expect(readRecord(Buffer.from('garbage'), null)).toBeUndefined()
    expect(readRecord(null, null)).toBeUndefined()
  })
})

test('writes at the same time are decided one after the other', async () => {
  registry = await Registry.open(async (take) => {
    const log = await memoryLog(records)(take)
    return { ...log, append: async (more) => setImmediate().then(() => log.append(more)) }
  })
  const schemas = Array.from({ length: 50 }, (_, i) => ({
    schema: JSON.stringify({ type: 'fixed', name: 'F', size: i % 10 }),
  }))
  await ask('PUT', '/config', { compatibility: 'NONE' })
  const answers = await Promise.all(schemas.map((schema) => register('s', schema)))
  expect(new Set(answers.map(([, body]) => (body as { id: number }).id)).size).toBe(10)
  expect(await ask('GET', '/subjects/s/versions')).toEqual([200, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]])
})
