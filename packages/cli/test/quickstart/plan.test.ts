import { describe, expect, test } from '@jest/globals'
import { fileSource } from '@sluice/connector-file'
import { lakeSink } from '@sluice/connector-lake'
import type { RawSettings, SettingsDeclaration } from '@sluice/sdk'
import {
  cellSettings,
  groupSettings,
  restSettings,
  sinkSettings,
  sourceSettings,
  storageSettings,
  workerSettings,
} from '@sluice/worker'
import { datasetName, makePlan, topicsOf } from '../../src/quickstart/plan.ts'

const PARTS: Parameters<typeof makePlan>[0] = {
  dir: '/data/qs',
  dataset: 'orders',
  file: '/in/orders.csv',
  key: 'Order No',
  processor: { module: '@sluice/processor-csv-rows', settings: { headings: '["Order No"]' } },
  cleanSchema: '{"type":"struct"}',
}
const plan = makePlan(PARTS)

/** Settings that somebody else reads: of the converters below each side's name. */
const OTHERS = ['key.converter.', 'value.converter.', 'header.converter.']

const DISTRIBUTED: SettingsDeclaration = workerSettings
  .extend(groupSettings)
  .extend(storageSettings)
  .extend(restSettings)
  .extend(cellSettings)

/** What is wrong with settings, or unknown to whoever gets them. */
function complaints(declaration: SettingsDeclaration, raw: RawSettings): readonly string[] {
  const unknown = declaration.unknownKeys(raw, OTHERS).map(({ key }) => `unknown: ${key}`)
  return [...declaration.problems(raw).map(({ message }) => message), ...unknown]
}

describe('the plan', () => {
  test('keeps everything below its folder: the table too', () => {
    expect(plan.table).toBe('/data/qs/lake/orders')
    expect(plan.sink).toMatchObject({ 'lake.url': '/data/qs/lake', 'table.name': 'orders' })
  })

  test('but for the table, where that is to be in S3', () => {
    const onS3 = makePlan({ ...PARTS, s3: 's3://lake/demo' })
    expect(onS3.table).toBe('s3://lake/demo/orders')
    expect(onS3.sink).toMatchObject({ 'lake.url': 's3://lake/demo', 'table.name': 'orders' })
    expect(complaints(sinkSettings.extend(lakeSink.settings), onS3.sink)).toEqual([])
  })

  test('has a source for each file of the data set, and knows those before', () => {
    const third = makePlan({ ...PARTS, filesBefore: 2 })
    expect(third.source['name']).toBe('orders-source-3')
    expect(third.earlierSources).toEqual(['orders-source', 'orders-source-2'])
  })

  test('names the topics after the data set', () => {
    expect(topicsOf('orders')).toEqual({ raw: 'orders.raw', clean: 'orders.clean', quarantine: 'orders.quarantine' })
    expect(plan.topics).toEqual(topicsOf('orders'))
  })

  test('gives the worker and both connectors settings that they accept, and no others', () => {
    expect(complaints(DISTRIBUTED, { 'bootstrap.servers': '127.0.0.1:9092', ...plan.worker })).toEqual([])
    expect(complaints(sourceSettings.extend(fileSource.settings), plan.source)).toEqual([])
    expect(complaints(sinkSettings.extend(lakeSink.settings), plan.sink)).toEqual([])
  })

  test('joins the stages: what one writes is what the next reads', () => {
    expect(plan.source['topic']).toBe(plan.topics.raw)
    expect(plan.sink['topics']).toBe(plan.topics.clean)
    expect(plan.source['key.field']).toBe('Order No')
  })

  test('tolerates no bad record silently: both connectors divert to the quarantine', () => {
    for (const connector of [plan.source, plan.sink]) {
      expect(connector).toMatchObject({
        'errors.tolerance': 'all',
        'errors.deadletterqueue.topic.name': plan.topics.quarantine,
      })
    }
  })

  test('gives each data set a cluster of its own, whose topics nobody else writes configs to', () => {
    const other = makePlan({ ...PARTS, dataset: 'customers' })
    for (const setting of ['group.id', 'config.storage.topic', 'status.storage.topic'])
      expect(other.worker[setting]).not.toBe(plan.worker[setting])
  })

  test('has no connector started again that has failed: the run ends and tells why', () => {
    for (const connector of [plan.source, plan.sink]) expect(connector['restart.enable']).toBe('false')
  })

  test('reads a last line without a line end, because the file does not grow', () => {
    expect(plan.source['last.line']).toBe('read')
  })
})

describe('the name of a data set', () => {
  test.each([
    ['/in/orders.csv', 'orders'],
    ['My Orders (2).csv', 'my_orders_2'],
    ['../exports/2026-07-30 Bestellungen.CSV', '2026_07_30_bestellungen'],
    ['a..b.tar.csv', 'a_b_tar'],
    ['__.csv', 'my_file'],
    ['注文.csv', 'my_file'],
    ['no-extension', 'no_extension'],
    [`it's "quoted"; drop.csv`, 'it_s_quoted_drop'],
  ])('of %s is %s', (file, name) => {
    expect(datasetName(file)).toBe(name)
  })
})
