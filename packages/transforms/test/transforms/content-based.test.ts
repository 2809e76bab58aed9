/** Records go on, or elsewhere, as an expression says. */
import { describe, expect, test } from '@jest/globals'
import { DataError } from '@sluice/sdk'
import type { SinkRecord, Transform } from '@sluice/sdk'
import { transforms } from '@sluice/transforms'
import { change, tombstone } from '../support/change-events.ts'

function make(className: string, settings: Readonly<Record<string, string>>): Transform {
  const plugin = transforms.find(({ aliases }) => aliases.includes(`io.debezium.transforms.${className}`))!
  return plugin.create({ language: 'jsr223.groovy', ...settings })
}
const [UPDATE, INSERT] = ['u', 'c'].map((op) => change({ op, after: { id: 1, note: null, state: 'new' } })) as [
  SinkRecord,
  SinkRecord,
]
const MARK = tombstone()

describe('a filter', () => {
  const isUpdate = { condition: "value.op == 'u'" }

  test('lets pass, itself, what its condition is true of', () => {
    const filter = make('Filter', isUpdate)
    expect(filter(UPDATE)).toBe(UPDATE)
    expect(filter(INSERT)).toBeNull()
  })

  test('has nulls kept, dropped or asked about', () => {
    expect(make('Filter', isUpdate)(MARK)).toBe(MARK)
    expect(make('Filter', { ...isUpdate, 'null.handling.mode': 'drop' })(MARK)).toBeNull()
    const asked = { condition: 'value != null', 'null.handling.mode': 'evaluate' }
    expect(make('Filter', asked)(MARK)).toBeNull()
  })

  test('asks only about the topics of its pattern', () => {
    const filter = make('Filter', { ...isUpdate, 'topic.regex': 'other' })
    expect(filter(INSERT)).toBe(INSERT)
  })

  test('does not take anything but true and false', () => {
    expect(() => make('Filter', { condition: 'value.op' })(UPDATE)).toThrow(DataError)
  })
})

describe('a router', () => {
  test('sends where its expression says; null is where it would go anyway', () => {
    const router = make('ContentBasedRouter', { 'topic.expression': "value.op == 'u' ? topic + '_u' : null" })
    expect(router(UPDATE)!.topic).toBe('p.shop.orders_u')
    expect(router(INSERT)).toBe(INSERT)
    expect(router(MARK)).toBe(MARK)
  })

  test.each(['1', "''", 'value.after'])('refuses what is no name: %s', (expression) => {
    expect(() => make('ContentBasedRouter', { 'topic.expression': expression })(UPDATE)).toThrow('name of a topic')
  })
})

test('another language than those of scripts is refused', () => {
  expect(() => make('Filter', { language: 'cobol', condition: 'true' })).toThrow('language')
})
