import assert from 'node:assert/strict'
import { valuesOf } from '../admin/admin-requests.ts'
import type { ConfigEntry, Kafka } from '../port.ts'
import { eventually } from './group-probe.ts'
import type { WithKafka } from './port-contract.ts'
import { assertRefused } from './port-fixture.ts'

/** What `admin.configs` promises. */
export function adminConfigsContract(test: WithKafka): void {
  test('settings of a topic tell where they come from', async ({ kafka, topic }) => {
    const name = await topic(1, { 'retention.ms': '1234567' })
    const entries = await settings(kafka, name)
    const [retention, segment] = [entries.get('retention.ms')!, entries.get('segment.ms')!]
    assert.deepEqual(
      [retention.value, retention.source, retention.isDefault, retention.type],
      ['1234567', 'topic', false, 'long'],
    )
    assert.deepEqual([segment.source, segment.isDefault, segment.isSensitive], ['default', true, false])
    assert.deepEqual([segment.synonyms, segment.documentation], [[], null])
  })

  test('synonyms and documentation come when asked for', async ({ kafka, topic }) => {
    const name = await topic(1, { 'retention.ms': '1234567' })
    const resource = { type: 'topic', name, names: ['retention.ms'] } as const
    const options = { synonyms: true, documentation: true }
    const [[entry] = []] = valuesOf(await kafka.admin.configs.describe([resource], options))
    assert.deepEqual(entry!.synonyms[0], { name: 'retention.ms', value: '1234567', source: 'topic' })
    assert.ok(entry!.documentation!.length > 20)
  })

  test('only the settings that are named are described', async ({ kafka, topic }) => {
    const name = await topic()
    const names = ['cleanup.policy', 'min.insync.replicas']
    const [entries] = valuesOf(await kafka.admin.configs.describe([{ type: 'topic', name, names }]))
    assert.deepEqual(entries!.map((entry) => entry.name).toSorted(), names)
  })

  test('a change touches nothing else', async ({ kafka, topic }) => {
    const name = await topic(1, { 'retention.ms': '1000', 'segment.ms': '2000' })
    const changes = [{ name: 'retention.ms', operation: 'set', value: '5000' }] as const
    valuesOf(await kafka.admin.configs.alter([{ type: 'topic', name, changes }]))
    const entries = await settled(kafka, name, 'retention.ms', '5000')
    assert.equal(entries.get('segment.ms')!.value, '2000')
  })

  test('a setting that is deleted falls back to its default', async ({ kafka, topic }) => {
    const name = await topic(1, { 'retention.ms': '1000' })
    const changes = [{ name: 'retention.ms', operation: 'delete' }] as const
    valuesOf(await kafka.admin.configs.alter([{ type: 'topic', name, changes }]))
    await eventually('the default is back', async () => {
      return (await settings(kafka, name)).get('retention.ms')!.source !== 'topic'
    })
  })

  test('lists are appended to and subtracted from', async ({ kafka, topic }) => {
    const name = await topic(1, { 'cleanup.policy': 'delete' })
    const change = async (operation: 'append' | 'subtract', value: string): Promise<void> => {
      const changes = [{ name: 'cleanup.policy', operation, value }]
      valuesOf(await kafka.admin.configs.alter([{ type: 'topic', name, changes }]))
    }
    await change('append', 'compact')
    await settled(kafka, name, 'cleanup.policy', 'delete,compact')
    await change('subtract', 'delete')
    await settled(kafka, name, 'cleanup.policy', 'compact')
  })

  test('a change that is only validated changes nothing', async ({ kafka, topic }) => {
    const name = await topic(1, { 'retention.ms': '1000' })
    const changes = [{ name: 'retention.ms', operation: 'set', value: '5000' }] as const
    valuesOf(await kafka.admin.configs.alter([{ type: 'topic', name, changes }], { validateOnly: true }))
    assert.equal((await settings(kafka, name)).get('retention.ms')!.value, '1000')
  })

  test('of several resources, each has its own answer', async ({ kafka, topic, freshName }) => {
    const [name, missing] = [await topic(), freshName()]
    const set = (value: string) => [{ name: 'retention.ms', operation: 'set', value }] as const
    const outcomes = await kafka.admin.configs.alter([
      { type: 'topic', name, changes: set('1000') },
      { type: 'topic', name: missing, changes: set('1000') },
    ])
    assert.deepEqual(
      outcomes.map(({ error }) => error?.place?.['error'] ?? null),
      [null, 'UNKNOWN_TOPIC_OR_PARTITION'],
    )
    const [bad] = await kafka.admin.configs.alter([{ type: 'topic', name, changes: set('soon') }])
    assert.equal(bad!.error?.place?.['error'], 'INVALID_CONFIG')
    assert.equal((await settings(kafka, name)).get('retention.ms')!.value, '1000')
  })

  test('settings of a broker are asked of that broker', async ({ kafka }) => {
    const { brokers } = await kafka.admin.cluster.describe()
    const resources = brokers.map(
      ({ id }) => ({ type: 'broker', name: `${id}`, names: ['log.retention.hours'] }) as const,
    )
    for (const entries of valuesOf(await kafka.admin.configs.describe(resources))) {
      assert.equal(entries[0]!.name, 'log.retention.hours')
      assert.ok(Number(entries[0]!.value) !== 0)
    }
  })

  test('settings of a broker that does not exist are refused', async ({ kafka }) => {
    const [outcome] = await kafka.admin.configs.describe([{ type: 'broker', name: '4711' }])
    assert.notEqual(outcome!.error, null)
  })

  test('what has settings is listed, or the broker is too old to', async ({ kafka, topic }) => {
    const name = await topic(1, { 'retention.ms': '1000' })
    const listed = await kafka.admin.configs.list(['topic']).catch((error: unknown) => error)
    if (Array.isArray(listed)) assert.ok(listed.some((one: { readonly name: string }) => one.name === name))
    else await assertRefused(Promise.reject(listed), 'KAFKA_REFUSED', 'UNSUPPORTED_VERSION')
  })
}

/** The settings once one of them has its new value: a change takes a moment to reach every broker. */
async function settled(
  kafka: Kafka,
  topic: string,
  name: string,
  value: string,
): Promise<ReadonlyMap<string, ConfigEntry>> {
  let entries = new Map<string, ConfigEntry>() as ReadonlyMap<string, ConfigEntry>
  await eventually(`${name} of ${topic} is ${value}`, async () => {
    entries = await settings(kafka, topic)
    return entries.get(name)?.value === value
  })
  return entries
}

async function settings(kafka: Kafka, topic: string): Promise<ReadonlyMap<string, ConfigEntry>> {
  const [entries] = valuesOf(await kafka.admin.configs.describe([{ type: 'topic', name: topic }]))
  return new Map(entries!.map((entry) => [entry.name, entry]))
}
