/** Topics that are missing, come and go: Kafka Streams' tests of that, under their names. `SLUICE_TEST_KAFKA` names a Kafka. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Stage, text, until } from './stage.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe

onABroker('topics that are missing, come and go (needs SLUICE_TEST_KAFKA)', () => {
  let stage: Stage
  beforeAll(async () => void (stage = await Stage.open(address)))
  afterAll(() => stage.close())

  test('JoinWithIncompleteMetadataIntegrationTest: an application whose join lacks a topic ends, names it, and leaves nothing behind', async () => {
    const app = await stage.application({ in: 2 }, (builder, topic) =>
      builder
        .stream(topic('in'), text)
        .selectKey((_key, value) => value)
        .join(builder.table(topic('not-there'), text), (left, right) => `${left}${right}`, { ...text, name: 'joined' })
        .to(topic('out'), text),
    )
    const one = app.start()
    await expect(one.run).rejects.toMatchObject({
      code: 'TOPOLOGY_INVALID',
      message: `Source topics do not exist: ${app.topic('not-there')}`,
    })
    expect(one.states.at(-1)).toBe('ERROR')
    expect(Object.keys(await app.topics())).toEqual([app.topic('in')])
  }, 60_000)

  test('SwallowUnknownTopicErrorIntegrationTest: without the right to make topics, one that is missing ends the run before what belongs there, with its name and that of the node, and nothing is lost', async () => {
    const app = await stage.application({ in: 1, out: 1 }, (builder, topic) =>
      builder.stream(topic('in'), text).to((_key, value) => topic(value === 'no' ? 'missing' : 'out'), text),
    )
    await app.put('in', { key: 'a', value: '1' }, { key: 'a', value: 'no' }, { key: 'a', value: '2' })
    // No commit before the end: it would wait for the topic as long as a producer does, a minute.
    const settings = { 'create.topics': 'false', 'close.timeout.ms': '1000', 'commit.interval.ms': '9000' }
    await expect(app.runToEnd({ settings })).rejects.toMatchObject({
      code: 'TOPOLOGY_INVALID',
      place: { topic: app.topic('missing'), node: 'KSTREAM-SINK-0000000001' },
      remedy: expect.stringContaining('Create them') as unknown,
    })
    await app.create({ missing: 1 })
    await app.runToEnd({ settings })
    expect(await app.read('missing')).toEqual(['a:no'])
    expect(await app.read('out')).toEqual(['a:1', 'a:2'])
  }, 60_000)

  test('HandlingSourceTopicDeletionIntegrationTest: a source topic that is deleted and made anew ends the application, and nothing of the new one is taken for the old', async () => {
    const app = await stage.application({ in: 1, out: 1 }, (builder, topic) =>
      builder.stream(topic('in'), text).to(topic('out'), text),
    )
    await app.put('in', { key: 'a', value: '1' })
    const one = app.start()
    await app.arrive('out', 1)
    await app.delete(app.topic('in'))
    await app.create({ in: 1 })
    await app.put('in', { key: 'b', value: '1' }, { key: 'b', value: '2' })
    await expect(one.run).rejects.toMatchObject({ code: 'TOPIC_RECREATED', place: { topic: app.topic('in') } })
    expect(one.states.at(-1)).toBe('ERROR')
    expect(await app.read('out')).toEqual(['a:1'])
  }, 60_000)

  test('HandlingSourceTopicDeletionIntegrationTest: a source topic that is deleted for good ends both instances with its name, and again whoever is put in their place', async () => {
    const app = await stage.application({ in: 2, out: 1 }, (builder, topic) =>
      builder.stream(topic('in'), text).to(topic('out'), text),
    )
    await app.put('in', { key: 'a', value: '1' })
    const settings = { 'metadata.max.age.ms': '300' }
    const asked: unknown[] = []
    const onUncaughtException = (error: unknown): 'REPLACE_THREAD' | 'SHUTDOWN_CLIENT' =>
      asked.push(error) === 1 ? 'REPLACE_THREAD' : 'SHUTDOWN_CLIENT'
    const one = app.start({ settings, state: 'one', ports: { onUncaughtException } })
    const two = app.start({ settings, state: 'two' })
    await until(() => one.tasks().length === 1 && two.tasks().length === 1)
    await app.arrive('out', 1)
    await app.delete(app.topic('in'))
    await expect(two.run).rejects.toMatchObject({ code: 'TOPOLOGY_INVALID' })
    await expect(one.run).rejects.toMatchObject({ code: 'TOPOLOGY_INVALID' })
    expect([one.states.at(-1), two.states.at(-1), asked.length]).toEqual(['ERROR', 'ERROR', 2])
    for (const error of asked) expect((error as Error).message).toContain(app.topic('in'))
  }, 90_000)

  test('RegexSourceIntegrationTest: one of the topics of a pattern is deleted while it is read: the others go on', async () => {
    const app = await stage.application({ 'in-1': 1, 'in-2': 1, out: 1 }, (builder, topic) =>
      builder.stream(new RegExp(`${topic('in-')}\\d`), text).to(topic('out'), text),
    )
    await app.put('in-1', { key: 'a', value: '1' })
    const one = app.start({ settings: { 'metadata.max.age.ms': '300' } })
    await app.arrive('out', 1)
    await app.delete(app.topic('in-1'))
    await until(() => String(one.tasks()) === 'in-2-0')
    await app.put('in-2', { key: 'a', value: '2' })
    expect((await app.arrive('out', 2)).toSorted()).toEqual(['a:1', 'a:2'])
    await one.end()
  }, 90_000)

  test('RegexSourceIntegrationTest: a topic that has come since the last run is read, one that is gone is not missed; two instances share them', async () => {
    const app = await stage.application({ 'in-1': 2, 'in-2': 2, out: 1 }, (builder, topic) =>
      builder.stream(new RegExp(`${topic('in-')}\\d`), text).to(topic('out'), text),
    )
    await app.put('in-1', { key: 'a', value: '1' })
    const [one, two] = [app.start({ state: 'one' }), app.start({ state: 'two' })]
    await until(() => one.tasks().length === 2 && two.tasks().length === 2)
    await app.put('in-2', { key: 'a', value: '2' })
    await app.arrive('out', 2)
    await Promise.all([one.end(), two.end()])
    await app.create({ 'in-3': 2, 'in-x': 1 })
    await app.put('in-3', { key: 'a', value: '3' })
    await app.put('in-x', { key: 'a', value: 'no' })
    await app.delete(app.topic('in-1'))
    await app.put('in-2', { key: 'a', value: '4' })
    await app.runToEnd()
    expect((await app.read('out')).toSorted()).toEqual(['a:1', 'a:2', 'a:3', 'a:4'])
  }, 60_000)

  test('RegexSourceIntegrationTest: a topic that comes while two instances run, of which one alone looks in time, is read by both, and nothing twice', async () => {
    const app = await stage.application({ 'in-1': 2, out: 1 }, (builder, topic) =>
      builder.stream(new RegExp(`${topic('in-')}\\d`), text).to(topic('out'), text),
    )
    // At least once: what has been processed is committed before an instance begins anew.
    const settings = { 'processing.guarantee': 'at_least_once', 'commit.interval.ms': '60000' }
    const one = app.start({ state: 'one', settings: { ...settings, 'metadata.max.age.ms': '300' } })
    const two = app.start({ state: 'two', settings })
    await until(() => one.tasks().length === 1 && two.tasks().length === 1)
    await app.put('in-1', { key: 'a', value: '1', partition: 0 }, { key: 'b', value: '1', partition: 1 })
    await app.arrive('out', 2)
    await app.create({ 'in-2': 2, 'in-x': 1 })
    await app.put('in-2', { key: 'a', value: '2', partition: 0 }, { key: 'b', value: '2', partition: 1 })
    await app.arrive('out', 4)
    await until(() => one.tasks().length === 2 && two.tasks().length === 2)
    await Promise.all([one.end(), two.end()])
    expect((await app.read('out')).toSorted()).toEqual(['a:1', 'a:2', 'b:1', 'b:2'])
  }, 90_000)

  test('a topic that comes and that two patterns match ends the application as it would at its start', async () => {
    const app = await stage.application({ 'in-1': 1, 'on-1': 1, out: 1 }, (builder, topic) => {
      builder.stream(new RegExp(`${topic('in-')}.*`), text).to(topic('out'), text)
      builder.stream(new RegExp(`${topic('')}.*on-1`), text).to(topic('out'), text)
    })
    await app.put('in-1', { key: 'a', value: '1' })
    const asked: unknown[] = []
    const onUncaughtException = (error: unknown): 'REPLACE_THREAD' | 'SHUTDOWN_CLIENT' =>
      asked.push(error) === 1 ? 'REPLACE_THREAD' : 'SHUTDOWN_CLIENT'
    const one = app.start({ settings: { 'metadata.max.age.ms': '300' }, ports: { onUncaughtException } })
    await app.arrive('out', 1)
    await app.create({ 'in-on-1': 1 })
    const refused = { code: 'TOPOLOGY_INVALID', message: expect.stringContaining(app.topic('in-on-1')) as unknown }
    await expect(one.run).rejects.toMatchObject(refused)
    expect([one.states.at(-1), asked.length]).toEqual(['ERROR', 2])
    await expect(app.runToEnd()).rejects.toMatchObject(refused)
  }, 60_000)

  test('a source topic that is given more partitions while it is read is read as a whole', async () => {
    const app = await stage.application({ in: 1, out: 1 }, (builder, topic) =>
      builder.stream(topic('in'), text).to(topic('out'), text),
    )
    const one = app.start({ settings: { 'metadata.max.age.ms': '300' } })
    await until(() => one.tasks().length === 1)
    await stage.kafka.admin.topics.createPartitions([{ topic: app.topic('in'), count: 3 }])
    await until(() => one.tasks().length === 3)
    await app.put('in', { key: 'a', value: '1', partition: 2 })
    expect(await app.arrive('out', 1)).toEqual(['a:1'])
    await one.end()
  }, 60_000)

  test('so is the topic of a global table', async () => {
    const app = await stage.application({ in: 1, rates: 1, out: 1 }, (builder, topic) => {
      const rates = builder.globalTable(topic('rates'), text)
      const join = (value: string, rate: string): string => `${value}${rate}`
      builder
        .stream(topic('in'), text)
        .join(rates, (key) => key, join)
        .to(topic('out'), text)
    })
    const one = app.start({ settings: { 'metadata.max.age.ms': '300' } })
    await until(() => one.tasks().length === 1)
    await stage.kafka.admin.topics.createPartitions([{ topic: app.topic('rates'), count: 2 }])
    await app.put('rates', { key: 'a', value: '1', partition: 1 })
    await until(async () => {
      await app.put('in', { key: 'a', value: 'x' })
      return (await app.read('out')).length > 0
    })
    expect((await app.read('out'))[0]).toBe('a:x1')
    await one.end()
  }, 60_000)
})
