/** Members of a group that come and go: Kafka Streams' tests of that, under their names. `SLUICE_TEST_KAFKA` names a Kafka. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Stage, text, until, type Write } from './stage.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe

const counting: Write = (builder, topic) =>
  builder
    .stream(topic('in'), text)
    .groupByKey()
    .count({ materialized: { name: 'counts' } })
    .toStream()
    .mapValues(String)
    .to(topic('out'), text)

onABroker('members that come and go (needs SLUICE_TEST_KAFKA)', () => {
  let stage: Stage
  beforeAll(async () => void (stage = await Stage.open(address)))
  afterAll(() => stage.close())

  /** Four partitions, with a record of a key of its own in each. */
  async function counted() {
    const app = await stage.application({ in: 4, out: 4 }, counting)
    const put = (): Promise<void> =>
      app.put('in', ...[0, 1, 2, 3].map((partition) => ({ key: `key ${partition}`, value: 'x', partition })))
    return { app, put }
  }

  test('ColdStartStickinessIntegrationTest: all instances are stopped and started again, and each has what it had', async () => {
    const { app, put } = await counted()
    await put()
    const settings = { 'acceptable.recovery.lag': '0', 'probing.rebalance.interval.ms': '1000' }
    const start = (state: string) => app.start({ state, settings })
    const before = [start('one'), start('two')]
    await until(() => before.every((one) => one.tasks().length === 2))
    await app.arrive('out', 4)
    const had = before.map((one) => one.tasks().toSorted())
    await Promise.all(before.map((one) => one.end()))
    const two = start('two')
    const after = [start('one'), two]
    await until(() => after.every((one, i) => String(one.tasks().toSorted()) === String(had[i])))
    await put()
    await app.arrive('out', 8)
    expect(after.map((one) => one.tasks().toSorted())).toEqual(had)
    await Promise.all(after.map((one) => one.end()))
    expect((await app.read('out')).toSorted()).toEqual(
      [0, 1, 2, 3].flatMap((key) => [`key ${key}:1`, `key ${key}:2`]).toSorted(),
    )
  }, 60_000)

  test('KafkaStreamsCloseOptionsIntegrationTest, KafkaStreamsStaticMemberIntegrationTest: a static member that stops stays in the group, and costs nobody a rebalance when it is back; any other one leaves', async () => {
    const { app, put } = await counted()
    const start = (state: string, id: string | null) =>
      app.start({ state, settings: id === null ? {} : { 'group.instance.id': id } })
    const stays = start('one', 'one')
    const first = start('two', 'two')
    await until(() => [stays, first].every((one) => one.tasks().length === 2 && one.streams.state === 'RUNNING'))
    const had = first.tasks().toSorted()
    const states = [...stays.states]
    await first.end()
    expect(await app.members()).toBe(2)
    await put()
    const second = start('two', 'two')
    await until(() => second.streams.state === 'RUNNING' && second.tasks().length === 2)
    await app.arrive('out', 4)
    expect(second.tasks().toSorted()).toEqual(had)
    expect(stays.states).toEqual(states)
    const guest = start('three', null)
    await until(() => guest.tasks().length === 1)
    expect(await app.members()).toBe(3)
    await guest.end()
    expect(await app.members()).toBe(2)
    await until(() => stays.tasks().length + second.tasks().length === 4)
    await Promise.all([stays.end(), second.end()])
  }, 60_000)

  test('RebalanceTaskClosureIntegrationTest: tasks that are still being restored are closed when they move, and are whole where they go', async () => {
    const { app, put } = await counted()
    await put()
    await app.runToEnd({ state: 'gone' })
    // As long as it is open, no task has its state.
    const other = await stage.kafka.transactionalProducer({ transactionalId: `${app.name}-other` })
    other.begin()
    await other.produce(
      [0, 1, 2, 3].map((partition) => ({
        ...app.record('in', { key: 'key of another', value: '12345678', partition }),
        topic: `${app.name}-counts-changelog`,
      })),
    )
    const one = app.start({ state: 'one' })
    await until(async () => (await app.shares()) === '4')
    const two = app.start({ state: 'two' })
    await until(async () => (await app.shares()) === '2,2')
    await put()
    expect([...one.tasks(), ...two.tasks()]).toEqual([])
    await other.abort()
    await other.close()
    const out = await app.arrive('out', 8)
    await until(() => one.tasks().length === 2 && two.tasks().length === 2)
    await Promise.all([one.end(), two.end()])
    expect(out.toSorted()).toEqual([0, 1, 2, 3].flatMap((key) => [`key ${key}:1`, `key ${key}:2`]).toSorted())
  }, 60_000)
})
