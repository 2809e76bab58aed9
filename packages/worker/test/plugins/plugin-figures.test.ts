import { expect, test } from '@jest/globals'
import { METRIC_GROUPS } from '../../src/operations/metric-names.ts'
import { stageFigures, taskTexts } from '../../src/plugins/plugin-figures.ts'
import { connectPlugins } from '../support/connect-plugins.ts'

const plugins = connectPlugins()
const TAGS = { connector: 'c', task: '0' }
const CONNECT = 'org.apache.kafka.connect'
const connector = await plugins.connectors.load('FileStreamSource')
const worker = { 'key.converter': 'StringConverter', 'value.converter': 'StringConverter' }

function documented(group: string): readonly string[] {
  return Object.keys(METRIC_GROUPS.find((one) => one.group === group)!.texts ?? {}).filter((text) => text !== 'status')
}

test('a task tells its connector and its converters, its own before the worker’s, by class and version', () => {
  const texts = taskTexts(
    plugins,
    worker,
    { 'connector.class': 'FileStreamSource', 'task.class': 'a.Task', 'value.converter': 'JsonConverter' },
    connector,
  )
  expect(texts).toMatchObject({
    'connector-class': 'FileStreamSource',
    'connector-type': 'source',
    'connector-version': connector.version,
    'task-class': 'a.Task',
    'task-version': connector.version,
    'key-converter-class': `${CONNECT}.storage.StringConverter`,
    'value-converter-class': `${CONNECT}.json.JsonConverter`,
  })
  expect(Object.keys(texts).toSorted()).toEqual(documented('connector-task-metrics').toSorted())
  expect(Object.values(texts)).not.toContain('')
})

test('each transform, and each predicate that one of them names, is told once', () => {
  const raw = {
    'transforms.first.type': `${CONNECT}.transforms.HoistField$Value`,
    'transforms.first.predicate': 'tombstone',
    'transforms.second.type': `${CONNECT}.transforms.InsertField$Value`,
    'transforms.second.predicate': 'tombstone',
    'predicates.tombstone.type': `${CONNECT}.transforms.predicates.RecordIsTombstone`,
    'predicates.unused.type': `${CONNECT}.transforms.predicates.TopicNameMatches`,
  }
  const found = stageFigures(plugins, raw, ['first', 'second'], TAGS)
  expect(found.map(({ group, tags }) => [group, tags])).toEqual([
    ['connector-transform-metrics', { ...TAGS, transform: 'first' }],
    ['connector-transform-metrics', { ...TAGS, transform: 'second' }],
    ['connector-predicate-metrics', { ...TAGS, predicate: 'tombstone' }],
  ])
  expect(found[0]!.values['transform-class']).toBe(raw['transforms.first.type'])
  expect(found[2]!.values['predicate-class']).toBe(raw['predicates.tombstone.type'])
  for (const { group, tags, values } of found) {
    expect(Object.keys(values)).toEqual(documented(group))
    expect(Object.keys(tags)).toEqual(METRIC_GROUPS.find((one) => one.group === group)!.tags)
  }
})
