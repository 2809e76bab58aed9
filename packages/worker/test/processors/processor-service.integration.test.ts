/** What two workers are asked at once, on one catalogue. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { silentLogger, systemClock, systemRandom } from '@sluice/sdk'
import { Catalogue } from '../../src/catalogue/catalogue.ts'
import { openTable } from '../../src/catalogue/open-table.ts'
import { HerderError } from '../../src/herder/herder.ts'
import type { ProcessorService } from '../../src/processors/processor-service.ts'
import { eventually } from '../support/eventually.ts'
import { fakeProcessors } from '../support/fake-processors.ts'
import { onBroker, TestCluster } from '../support/test-cluster.ts'

jest.setTimeout(180_000)

onBroker('two services of processors on one topic', () => {
  let kafka: TestCluster
  beforeAll(async () => {
    kafka = await TestCluster.open()
  })
  afterAll(() => kafka.close())

  async function open(topic: string, worker: string): Promise<{ catalogue: Catalogue; service: ProcessorService }> {
    const parts = { clock: systemClock, random: systemRandom, logger: silentLogger }
    const spec = {
      topic,
      setting: 'catalog.storage.topic',
      holds: 'processors',
      partitions: 1,
      replicationFactor: 1,
      configs: {},
      mayCreate: true,
    }
    const catalogue = new Catalogue(await openTable(kafka.kafka, spec, { groupId: topic, ...parts }), parts)
    return { catalogue, service: fakeProcessors(worker, { catalogue }) }
  }

  async function both(
    topic: string,
    ask: (service: ProcessorService, at: number) => Promise<unknown>,
  ): Promise<{ readonly outcomes: readonly string[]; readonly names: readonly string[] }> {
    const workers = [await open(topic, 'w:1'), await open(topic, 'w:2')]
    const outcomes = await Promise.all(
      workers.map(({ service }, at) =>
        ask(service, at).then(
          () => 'made',
          (error: unknown) => String(error instanceof HerderError ? error.status : error),
        ),
      ),
    )
    const fresh = await open(topic, 'w:3')
    const names = fresh.service.names()
    for (const { service } of workers)
      await eventually('all know the same', () => service.names().join() === names.join(), 60_000)
    for (const { catalogue } of [...workers, fresh]) await catalogue.close()
    return { outcomes, names }
  }

  const config = { 'processor.class': 'csv-rows' }

  test('one name: it is made at one of them, and the other one answers 409', async () => {
    const made = (service: ProcessorService, at: number) =>
      service.put('a', { ...config, at: String(at) }, { mayReplace: false })
    const { outcomes, names } = await both(kafka.name('catalogue'), made)
    expect(outcomes.toSorted()).toEqual(['409', 'made'])
    expect(names).toEqual(['a'])
  })

  test('one name and the same settings, too', async () => {
    const made = (service: ProcessorService) => service.put('a', config, { mayReplace: false })
    const { outcomes } = await both(kafka.name('catalogue'), made)
    expect(outcomes.toSorted()).toEqual(['409', 'made'])
  })

  test('two names with one application: one of them is made, and the other one answers 409', async () => {
    const made = (service: ProcessorService, at: number) =>
      service.put(`p${at}`, { ...config, 'application.id': 'x' }, { mayReplace: true })
    const { outcomes, names } = await both(kafka.name('catalogue'), made)
    expect(outcomes.toSorted()).toEqual(['409', 'made'])
    expect(names).toHaveLength(1)
  })

  test('other settings for one that is there: both are deployments, one after the other', async () => {
    const topic = kafka.name('catalogue')
    const first = await open(topic, 'w:0')
    await first.service.put('a', config, { mayReplace: false })
    const changed = (service: ProcessorService, at: number) =>
      service.put('a', { ...config, at: String(at) }, { mayReplace: true })
    const { outcomes } = await both(topic, changed)
    expect(outcomes).toEqual(['made', 'made'])
    await eventually('three', () => first.service.versions('a').length === 3, 60_000)
    expect(first.service.versions('a').map(({ number }) => number)).toEqual([3, 2, 1])
    await first.catalogue.close()
  })

  test('deleted at both: it is gone, and whoever comes too late is told at most that it is not there', async () => {
    const topic = kafka.name('catalogue')
    const first = await open(topic, 'w:0')
    await first.service.put('a', config, { mayReplace: false })
    await first.catalogue.close()
    const { outcomes, names } = await both(topic, (service) => service.delete('a'))
    expect(['404,made', 'made,made']).toContain(outcomes.toSorted().join())
    expect(names).toEqual([])
  })
})
