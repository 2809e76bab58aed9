import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseProperties } from '@sluice/worker'
import { makePlan, type QuickstartPlan } from '../../src/quickstart/plan.ts'
import { filesBeforeThis, writeSettings } from '../../src/quickstart/settings-files.ts'

let dir: string
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-settings-'))
})
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }))

function planOf(file: string, more: { readonly s3?: string; readonly filesBefore?: number } = {}): QuickstartPlan {
  const processor = { module: '@sluice/processor-csv-rows', settings: { headings: '["id"]' } }
  return makePlan({ dir, dataset: 'orders', file, key: 'id', processor, cleanSchema: '{}', ...more })
}

function read(name: string): string {
  return fs.readFileSync(path.join(dir, 'config', 'orders', name), 'utf8')
}

describe('the settings of a run, as files', () => {
  test("are the worker's and the processor's properties, at the ports that one would choose by hand", () => {
    const plan = planOf('/in/orders.csv')
    writeSettings(plan)
    const worker = parseProperties(read('worker.properties'))
    expect(worker).toEqual({
      ...plan.worker,
      'bootstrap.servers': '127.0.0.1:9092',
      listeners: 'http://127.0.0.1:8083',
    })
    expect(parseProperties(read('processor.properties'))).toMatchObject({
      'bootstrap.servers': '127.0.0.1:9092',
      'processor.class': '@sluice/processor-csv-rows',
      'application.id': plan.processor.application,
      headings: '["id"]',
    })
  })

  test('and both connectors as a worker takes them to make them', () => {
    const plan = planOf('/in/orders.csv')
    writeSettings(plan)
    expect(JSON.parse(read('source.json'))).toEqual({ name: 'orders-source', config: plan.source })
    expect(JSON.parse(read('sink.json'))).toEqual({ name: 'orders-lake', config: plan.sink })
  })

  test('are written again for the same file, and refused for another one', () => {
    writeSettings(planOf('/in/orders.csv'))
    writeSettings(planOf('/in/orders.csv'))
    const before = read('source.json')
    expect(() => writeSettings(planOf('/elsewhere/orders.csv'))).toThrow(
      expect.objectContaining({ code: 'SETTINGS_INVALID', remedy: expect.stringContaining('--dir') }),
    )
    expect(read('source.json')).toBe(before)
  })

  test('tell how many files came before one that goes into the same data set, each with a source of its own', () => {
    for (const [before, file] of ['/in/a.csv', '/in/b.csv', '/in/c.csv'].entries()) {
      expect(filesBeforeThis(dir, 'orders', file)).toBe(before)
      writeSettings(planOf(file, { filesBefore: before }))
    }
    expect(filesBeforeThis(dir, 'orders', '/in/b.csv')).toBe(1)
    expect(JSON.parse(read('source-2.json'))).toMatchObject({ name: 'orders-source-2', config: { file: '/in/b.csv' } })
  })

  test('are refused where the table of the data set is elsewhere', () => {
    writeSettings(planOf('/in/orders.csv'))
    expect(() => writeSettings(planOf('/in/orders.csv', { s3: 's3://lake' }))).toThrow(
      expect.objectContaining({ code: 'SETTINGS_INVALID', remedy: expect.stringContaining('--dir') }),
    )
  })

  test('are written again where a run before was killed while it wrote them', () => {
    writeSettings(planOf('/in/orders.csv'))
    fs.writeFileSync(path.join(dir, 'config', 'orders', 'source.json'), '{"name": "ord')
    writeSettings(planOf('/in/orders.csv'))
    expect(JSON.parse(read('source.json'))).toMatchObject({ name: 'orders-source' })
  })
})
