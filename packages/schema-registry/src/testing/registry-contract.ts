import assert from 'node:assert/strict'
import { SluiceError, type ErrorCode } from '@sluice/sdk'
import type { SchemaRegistry, SchemaText } from '../registry-port.ts'

/** jest's `test`, or what does the same. */
export type Test = (name: string, body: () => Promise<void>) => void

/** Opens a registry in which nothing is yet. */
export type OpenRegistry = () => Promise<SchemaRegistry>

function avro(fields: Readonly<Record<string, unknown>>, name = 'User'): SchemaText {
  const list = Object.entries(fields).map(([field, type]) => ({ name: field, ...(type as object) }))
  return { type: 'AVRO', text: JSON.stringify({ type: 'record', name, namespace: 'demo', fields: list }) }
}

const USER = avro({ id: { type: 'long' } })
const USER_2 = avro({ id: { type: 'long' }, name: { type: 'string', default: '' } })
const INCOMPATIBLE = avro({ id: { type: 'long' }, name: { type: 'string' } })

async function refuses(promise: Promise<unknown>, code: ErrorCode): Promise<SluiceError> {
  const error: unknown = await promise.then(
    () => assert.fail(`It was to be refused with ${code}`),
    (caught: unknown) => caught,
  )
  assert.ok(error instanceof SluiceError, String(error))
  assert.equal(error.code, code, error.message)
  return error
}

/** What every registry behind the door promises. */
export function registryContract(test: Test, open: OpenRegistry): void {
  const on = (body: (registry: SchemaRegistry) => Promise<void>) => async (): Promise<void> => {
    const registry = await open()
    try {
      await body(registry)
    } finally {
      registry.close()
    }
  }

  test(
    'a schema that was registered is found by its id, its version, and as the latest',
    on(async (registry) => {
      const { id } = await registry.register('s-value', USER)
      const byId = await registry.schemaById(id)
      assert.equal(byId.type, 'AVRO')
      assert.deepEqual(JSON.parse(byId.text), JSON.parse(USER.text))
      assert.deepEqual([byId.references, byId.dependencies], [[], []])
      const latest = await registry.latest('s-value')
      assert.deepEqual([latest.id, latest.version, latest.subject], [id, 1, 's-value'])
      assert.deepEqual(await registry.schemaByVersion('s-value', 1), latest)
      assert.deepEqual(await registry.subjects(), ['s-value'])
      assert.deepEqual(await registry.versions('s-value'), [1])
    }),
  )

  test(
    'the same schema has the same id, in every subject, however it is written',
    on(async (registry) => {
      const { id } = await registry.register('a', USER)
      const spaced = { ...USER, text: JSON.stringify(JSON.parse(USER.text), null, 2) }
      assert.equal((await registry.register('a', spaced)).id, id)
      assert.equal((await registry.register('b', spaced)).id, id)
      assert.deepEqual(await registry.versions('a'), [1])
      assert.notEqual((await registry.register('a', USER_2)).id, id)
      assert.deepEqual(await registry.versions('a'), [1, 2])
    }),
  )

  test(
    'what was asked for is in memory, and what was not is not',
    on(async (registry) => {
      assert.equal(registry.peekId('s', USER), undefined)
      const { id } = await registry.register('s', USER)
      assert.equal(registry.peekId('s', USER), id)
      assert.equal(registry.peekId('other', USER), undefined)
      assert.equal(registry.peek(id), undefined)
      assert.equal(registry.peekLatest('s'), undefined)
      await registry.load([id, id])
      assert.equal(registry.peek(id)?.id, id)
      assert.equal(registry.peek(id), await registry.schemaById(id))
      await registry.latest('s')
      assert.equal(registry.peekLatest('s')?.version, 1)
    }),
  )

  test(
    'a schema is looked up without becoming a version',
    on(async (registry) => {
      await registry.register('s', USER)
      assert.equal((await registry.lookUp('s', USER)).version, 1)
      await refuses(registry.lookUp('s', USER_2), 'SCHEMA_UNKNOWN')
      await refuses(registry.lookUp('nobody', USER), 'SUBJECT_UNKNOWN')
      assert.deepEqual(await registry.versions('s'), [1])
    }),
  )

  test(
    'what is not there is refused by its kind, and not as something to be tried again',
    on(async (registry) => {
      const error = await refuses(registry.schemaById(4711), 'SCHEMA_UNKNOWN')
      assert.deepEqual([error.retriable, error.place?.['error_code']], [false, 40403])
      await refuses(registry.load([4711]), 'SCHEMA_UNKNOWN')
      await refuses(registry.latest('nobody'), 'SUBJECT_UNKNOWN')
      await registry.register('s', USER)
      await refuses(registry.schemaByVersion('s', 2), 'SCHEMA_UNKNOWN')
      await refuses(registry.register('s', { type: 'AVRO', text: '{"type":"nothing"}' }), 'SCHEMA_INVALID')
    }),
  )

  test(
    'a schema that does not fit is refused with the reasons, and can be asked about before',
    on(async (registry) => {
      await registry.register('s', USER)
      const { isCompatible, messages } = await registry.checkCompatibility('s', INCOMPATIBLE, 'latest')
      assert.equal(isCompatible, false)
      assert.match(messages.join(), /READER_FIELD_MISSING_DEFAULT_VALUE/)
      const error = await refuses(registry.register('s', INCOMPATIBLE), 'SCHEMA_INCOMPATIBLE')
      assert.match(error.message, /READER_FIELD_MISSING_DEFAULT_VALUE/)
      assert.deepEqual(await registry.checkCompatibility('s', USER_2), { isCompatible: true, messages: [] })
      assert.deepEqual(await registry.versions('s'), [1])
    }),
  )

  test(
    'levels hold for a subject or for all of them',
    on(async (registry) => {
      assert.equal(await registry.compatibility(), 'BACKWARD')
      await registry.setCompatibility('FULL')
      assert.equal(await registry.compatibility('s'), 'FULL')
      await registry.setCompatibility('NONE', 's')
      assert.deepEqual([await registry.compatibility('s'), await registry.compatibility()], ['NONE', 'FULL'])
      await registry.register('s', USER)
      await registry.register('s', INCOMPATIBLE)
    }),
  )

  test(
    'nothing is registered while the registry is read-only',
    on(async (registry) => {
      await registry.setMode('READONLY', 's')
      assert.deepEqual([await registry.mode('s'), await registry.mode()], ['READONLY', 'READWRITE'])
      await refuses(registry.register('s', USER), 'REGISTRY_REFUSED')
      await registry.setMode('READWRITE', 's')
      await registry.register('s', USER)
    }),
  )

  test(
    'a schema comes with all that it refers to, each behind what it needs itself',
    on(async (registry) => {
      await registry.register('street', { type: 'AVRO', text: '{"type":"enum","name":"demo.Street","symbols":["A"]}' })
      const street = { name: 'demo.Street', subject: 'street', version: 1 }
      const address = { ...avro({ street: { type: 'demo.Street' } }, 'Address'), references: [street] }
      await registry.register('address', address)
      const reference = { name: 'demo.Address', subject: 'address', version: 1 }
      const person = { ...avro({ home: { type: 'demo.Address' } }, 'Person'), references: [reference] }
      const { id, dependencies } = await registry.register('person', person)
      assert.deepEqual(
        dependencies.map(({ name }) => name),
        ['demo.Street', 'demo.Address'],
      )
      const found = await registry.schemaById(id)
      assert.deepEqual(found.references, [reference])
      assert.deepEqual(found.dependencies, dependencies)
      await refuses(registry.deleteSubject('address'), 'REGISTRY_REFUSED')
    }),
  )

  test(
    'deleted softly a version is gone, but not for those who have its id; deleted for good it is for all',
    on(async (registry) => {
      const { id } = await registry.register('s', USER)
      await registry.register('s', USER_2)
      assert.equal(await registry.deleteVersion('s', 1), 1)
      assert.deepEqual(await registry.versions('s'), [2])
      assert.equal((await registry.schemaById(id)).id, id)
      assert.deepEqual(await registry.deleteSubject('s'), [2])
      await refuses(registry.versions('s'), 'SUBJECT_UNKNOWN')
      assert.deepEqual(await registry.deleteSubject('s', true), [1, 2])
      const again = await registry.register('s', avro({ other: { type: 'int' } }))
      assert.ok(again.id > id + 1, 'an id is given out once')
    }),
  )

  test(
    'who gives up waiting leaves the answer to the others',
    on(async (registry) => {
      const { id } = await registry.register('s', USER)
      const giveUp = new AbortController()
      const mine = registry.schemaById(id, giveUp.signal)
      const theirs = registry.schemaById(id)
      giveUp.abort()
      await refuses(mine, 'INTERRUPTED')
      assert.equal((await theirs).id, id)
    }),
  )
}
