import { expect, test } from '@jest/globals'
import { subjectNameStrategy } from '../src/index.ts'

test.each([
  ['TopicNameStrategy', 'orders-value'],
  ['RecordNameStrategy', 'demo.Order'],
  ['TopicRecordNameStrategy', 'orders-demo.Order'],
])('%s names the subject %s, by its own name and by that of the Java class', (name, subject) => {
  for (const prefix of ['', 'io.confluent.kafka.serializers.subject.'])
    expect(subjectNameStrategy(prefix + name)('orders', 'value', 'demo.Order')).toBe(subject)
})

test('the name of the topic does not need a record name; the others do', () => {
  expect(subjectNameStrategy('TopicNameStrategy')('orders', 'key', null)).toBe('orders-key')
  for (const name of ['RecordNameStrategy', 'TopicRecordNameStrategy'])
    expect(() => subjectNameStrategy(name)('orders', 'key', null)).toThrow(
      expect.objectContaining({ code: 'DATA_INVALID' }),
    )
})

test.each(['Topic', 'toString', 'io.confluent.kafka.serializers.subject.Nothing'])('%s is no strategy', (name) => {
  expect(() => subjectNameStrategy(name)).toThrow(expect.objectContaining({ code: 'SETTINGS_INVALID' }))
})
