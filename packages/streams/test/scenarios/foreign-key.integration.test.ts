/** Joins by foreign key over several partitions: Kafka Streams' tests, under their names. `SLUICE_TEST_KAFKA` names a Kafka. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Serdes, type StreamPartitioner } from '../../src/index.ts'
import { Stage, text, type Put } from './stage.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe

/** Rows are where the number at the end of their key says. */
const placeOf = (key: string, partitions: number): number => Number(key.at(-1)) % partitions
const byNumber: StreamPartitioner = (_topic, key, _value, partitions) => [placeOf(key as string, partitions)]

onABroker('joins by foreign key (needs SLUICE_TEST_KAFKA)', () => {
  let stage: Stage
  beforeAll(async () => void (stage = await Stage.open(address)))
  afterAll(() => stage.close())

  test('KTableKTableForeignKeyInnerJoinMultiIntegrationTest, KTableKTableForeignKeyInnerJoinCustomPartitionerIntegrationTest: orders find their product, and that its maker, in topics that are partitioned in their own way', async () => {
    const partitions = { orders: 3, products: 2, makers: 4 }
    const app = await stage.application({ ...partitions, out: 1 }, (builder, topic) => {
      const [orders, products, makers] = ['orders', 'products', 'makers'].map((name) =>
        builder.table(topic(name), text),
      )
      const kept = (name: string) => ({
        name,
        materialized: { name, value: Serdes.string },
        partitioner: byNumber,
        otherPartitioner: byNumber,
      })
      orders!
        .join(
          products!,
          (product) => product,
          (_order, product) => product,
          kept('with-product'),
        )
        .join(
          makers!,
          (product) => product.split(' ')[1]!,
          (product, maker) => `${product}: ${maker}`,
          kept('with-maker'),
        )
        .toStream()
        .to(topic('out'), text)
    })
    const put = (
      topic: keyof typeof partitions,
      ...rows: readonly (readonly [string, string | null])[]
    ): Promise<void> =>
      app.put(topic, ...rows.map(([key, value]): Put => ({ key, value, partition: placeOf(key, partitions[topic]) })))
    const last = async (): Promise<Record<string, string>> => {
      await app.runToEnd()
      return Object.fromEntries((await app.read('out')).map((one) => one.split(/:(.*)/) as [string, string]))
    }
    await put('makers', ['m1', 'one'], ['m2', 'two'], ['m3', 'three'])
    await put('products', ['p1', 'pen m3'], ['p2', 'ink m2'])
    await put('orders', ...Array.from({ length: 6 }, (_, i) => [`o${i}`, `p${1 + (i % 2)}`] as const))
    const [pen, ink] = ['pen m3: three', 'ink m2: two']
    expect(await last()).toEqual({ o0: pen, o1: ink, o2: pen, o3: ink, o4: pen, o5: ink })
    // The product of one is another one, an order is gone, a maker has a new name.
    await put('orders', ['o0', 'p2'], ['o5', null])
    await put('makers', ['m3', 'drei'])
    const renamed = 'pen m3: drei'
    expect(await last()).toEqual({ o0: ink, o1: ink, o2: renamed, o3: ink, o4: renamed, o5: 'null' })
  }, 60_000)
})
