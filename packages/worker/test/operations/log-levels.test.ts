import { describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { FakeClock } from '@sluice/sdk/testing'
import { openLogger } from '../../src/logging.ts'
import { LogLevels, parseLogLevel } from '../../src/operations/log-levels.ts'

describe('levels of loggers', () => {
  test('a level that is set is that of the logger and of all below it, known or yet to come', () => {
    const levels = new LogLevels('INFO', new FakeClock({ now: 1_000 }))
    for (const name of ['a.b', 'a.b.c', 'a.bc', 'z']) levels.logger(name)
    expect(levels.setLevel('a.b', 'debug')).toEqual(['a.b', 'a.b.c'])
    expect([...levels.loggers()]).toEqual([
      ['a.b', { level: 'DEBUG', lastModified: 1_000 }],
      ['a.b.c', { level: 'DEBUG', lastModified: 1_000 }],
      ['a.bc', { level: 'INFO', lastModified: null }],
      ['root', { level: 'INFO', lastModified: null }],
      ['z', { level: 'INFO', lastModified: null }],
    ])
    expect(levels.logger('a.b.d.e').level).toBe('DEBUG')
  })

  test('one for root is one for all, in any case', () => {
    const levels = new LogLevels()
    levels.logger('a')
    expect(levels.setLevel('ROOT', 'Warn')).toEqual(['a', 'root'])
    expect(levels.level('root')?.level).toBe('WARN')
  })

  test('a name that nobody has becomes a logger by setting it, and not by asking', () => {
    const levels = new LogLevels()
    expect(levels.level('a')).toBeNull()
    expect(levels.setLevel('a', 'TRACE')).toEqual(['a'])
    expect(levels.level('a')?.level).toBe('TRACE')
  })

  test('the same level again is no change', () => {
    const clock = new FakeClock({ now: 1_000 })
    const levels = new LogLevels('INFO', clock)
    levels.setLevel('a', 'DEBUG')
    clock.advance(500)
    levels.setLevel('a', 'DEBUG')
    levels.setLevel('root', 'INFO')
    expect(levels.level('a')).toEqual({ level: 'INFO', lastModified: 1_500 })
    expect(levels.level('root')).toEqual({ level: 'INFO', lastModified: null })
  })

  test('a word that is no level is 404, as in Kafka Connect', () => {
    expect(() => parseLogLevel('nope')).toThrow(
      expect.objectContaining({ status: 404, message: "invalid log level 'nope'." }),
    )
    expect(() => parseLogLevel('__proto__')).toThrow("invalid log level '__proto__'.")
  })
})

test('loggers obey their level as it is at each line, by the name a child is given', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'levels-'))
  const file = path.join(folder, 'log')
  const levels = new LogLevels('INFO')
  const logger = openLogger({ file, levels })
  const source = logger.child({ logger: 'connect.source' }).child({ connector: 'c', task: 1 })
  source.debug('not yet')
  levels.setLevel('connect', 'DEBUG')
  source.debug('now')
  logger.debug('not root')
  levels.setLevel('root', 'OFF')
  source.error('nothing at all')
  await logger.close()
  const lines = fs.readFileSync(file, 'utf8').trim().split('\n')
  fs.rmSync(folder, { recursive: true })
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({ message: 'now', logger: 'connect.source', 'connector.context': '[c|task-1] ' }),
  ])
})
