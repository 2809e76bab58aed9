import { expect, test } from '@jest/globals'
import { jsonPathText } from '../../src/connect/json-path.ts'

const document = {
  name: 'orders',
  config: { 'connector.class': 'FileSource' },
  tasks: [
    { id: 0, state: 'RUNNING' },
    { id: 1, state: 'FAILED', deep: { state: 'X' } },
  ],
}

test.each([
  ['{.name}', 'orders'],
  ['{$.name}', 'orders'],
  ['{name}', 'orders'],
  ['name: {.name}{"\\n"}', 'name: orders\n'],
  ['{.tasks[0].state}', 'RUNNING'],
  ['{.tasks[-1].id}', '1'],
  ['{.tasks[*].state}', 'RUNNING FAILED'],
  ['{.tasks.*.id}', '0 1'],
  ["{.config['connector.class']}", 'FileSource'],
  ['{..state}', 'RUNNING FAILED X'],
  ['{.tasks[1].deep}', '{"state":"X"}'],
  ['{.none.at.all}', ''],
  ['{.tasks[9]}', ''],
  ['{.constructor}', ''],
  ['plain', 'plain'],
  ['{.}', JSON.stringify(document)],
])('%s is %j', (template, text) => {
  expect(jsonPathText(template, document)).toBe(text)
})

test.each(['{.name', '{.a b}', '{range .items[*]}', '{"a', '{..}', '{.a[?(@.b)]}'])('%s is wrong usage', (template) => {
  expect(() => jsonPathText(template, document)).toThrow(expect.objectContaining({ code: 'USAGE_INVALID' }))
})
