/** Stores without a changelog, beside one that has one: never older than what their task goes on from. `SLUICE_TEST_KAFKA` names a Kafka. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openObjectStore } from '@sluice/object-store'
import { silentLogger, type Logger } from '@sluice/sdk'
import { Serdes, Stores, type FixedKeyRecord, type StoreEngine } from '../../src/index.ts'
import { Stage, text, until, type Application, type Start, type Write } from '../scenarios/stage.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe
const EMPTY = /^A store without a changelog begins empty/

onABroker('stores without a changelog (needs SLUICE_TEST_KAFKA)', () => {
  let stage: Stage
  beforeAll(async () => void (stage = await Stage.open(address)))
  afterAll(() => stage.close())

  /** Counts by key in two stores, of which one has no changelog: `counted/unlogged`. */
  const countingTwice =
    (engine: StoreEngine): Write =>
    (builder, topic) => {
      const options = { key: Serdes.string, value: Serdes.long, engine, caching: false }
      const counted = Stores.keyValue('counted', options)
      const unlogged = Stores.keyValue('unlogged', { ...options, logging: false })
      builder.addStateStore(counted)
      builder.addStateStore(unlogged)
      builder
        .stream(topic('in'), text)
        .processValues<string>(
          () => {
            let count: (key: string) => string
            let forward: (record: FixedKeyRecord<string | null, string>) => void
            return {
              init(context) {
                const stores = [context.getStateStore(counted), context.getStateStore(unlogged)]
                count = (key) => {
                  for (const store of stores) store.put(key, (store.get(key) ?? 0) + 1)
                  return stores.map((store) => store.get(key)).join('/')
                }
                forward = (record) => context.forward(record)
              },
              process: (record) => forward(record.withValue(count(record.key!))),
            }
          },
          { stores: ['counted', 'unlogged'] },
        )
        .to(topic('out'), text)
    }

  async function application(engine: StoreEngine = 'lmdb') {
    const app = await stage.application({ in: 1, out: 1 }, countingTwice(engine))
    const said: string[] = []
    const note = (message: string, facts: object = {}): void => {
      if (EMPTY.test(message)) said.push((facts as { readonly store: string }).store)
    }
    const logger: Logger = { ...silentLogger, child: () => logger, info: note, warn: note }
    const run = async (state = 'one', more: Start['settings'] = {}): Promise<void> => {
      await app.put('in', { key: 'a', value: 'x' })
      await app.runToEnd({ state, settings: more, ports: { logger } })
    }
    return { app, said, run, last: async () => (await app.read('out')).at(-1) }
  }

  test('are kept where they are as long as nobody has gone on with their task', async () => {
    const { said, run, last } = await application()
    for (let i = 0; i < 3; i++) await run()
    expect([await last(), said]).toEqual(['a:3/3', []])
  }, 60_000)

  test.each(['lmdb', 'memory'] as const)(
    'begin empty where their directory is not, and that is said: %s',
    async (engine) => {
      const { app, said, run, last } = await application(engine)
      await run()
      await run('one')
      const before = said.length
      app.forget()
      await run()
      expect(await last()).toBe('a:3/1')
      expect(said.slice(before)).toEqual(['unlogged'])
    },
    60_000,
  )

  test('begin empty when their task comes back from elsewhere: what is here is older than the rest', async () => {
    const { said, run, last } = await application()
    await run('one')
    await run('two')
    expect(await last()).toBe('a:2/1')
    await run('one')
    expect([await last(), said]).toEqual(['a:3/1', ['unlogged', 'unlogged']])
    await run('one')
    expect(await last()).toBe('a:4/2')
  }, 60_000)

  test('come back with a snapshot, with the file of the others, if that is of the very commit; if not, they begin empty, and the others have all', async () => {
    const { app, said, run, last } = await application()
    const url = `memory:${app.name}`
    const settings = { 'snapshot.url': url, 'snapshot.interval.ms': '1000' }
    await run('one')
    const manifests = async (): Promise<number> =>
      (await openObjectStore(url).list('')).objects.filter(({ path }) => path.endsWith('.json')).length
    await snapshotted(app, settings, manifests)
    // It stands where the snapshot does.
    await run('two', settings)
    expect([await last(), said]).toEqual(['a:2/2', []])
    await run('two')
    await run('three', { 'snapshot.url': url, 'snapshot.interval.ms': '600000' })
    expect([await last(), said]).toEqual(['a:4/1', ['unlogged']])
  }, 60_000)

  async function snapshotted(
    app: Application,
    settings: Start['settings'],
    manifests: () => Promise<number>,
  ): Promise<void> {
    const one = app.start({ state: 'one', ...(settings === undefined ? {} : { settings }) })
    await until(async () => (await manifests()) > 0)
    await one.end()
  }
})
