import { expect, test } from '@jest/globals'
import { CellLog, leastLevel } from '../../src/cells/cell-logger.ts'
import type { LogLine } from '../../src/cells/cell-protocol.ts'
import { LogLevels } from '../../src/operations/log-levels.ts'

function open(): { readonly log: CellLog; readonly sent: (readonly LogLine[])[] } {
  const sent: (readonly LogLine[])[] = []
  return { log: new CellLog('info', async (lines) => void sent.push(lines)), sent }
}

test('lines go together, with the context of their logger, those below the level not at all', async () => {
  const { log, sent } = open()
  const logger = log.logger().child({ connector: 'a' }).child({ task: 0 })
  logger.debug('too small')
  logger.info('one', { n: 1 })
  logger.error('two')
  log.level = 'error'
  logger.warn('too small now')
  await log.flush()
  expect(sent).toEqual([
    [
      { level: 'info', message: 'one', fields: { connector: 'a', task: 0, n: 1 } },
      { level: 'error', message: 'two', fields: { connector: 'a', task: 0 } },
    ],
  ])
})

test('a flood is cut off, and how much of it is told', async () => {
  const { log, sent } = open()
  for (let n = 0; n < 1500; n++) log.logger().info(String(n))
  await log.flush()
  expect(sent[0]).toHaveLength(501)
  expect(sent[0]!.at(-1)).toMatchObject({ level: 'warn', message: '1000 lines of the log were left out' })
})

test('cells send what any logger of the worker would write', () => {
  const levels = new LogLevels()
  expect(leastLevel(levels)).toBe('info')
  levels.setLevel('org.example', 'TRACE')
  expect(leastLevel(levels)).toBe('debug')
  levels.setLevel('root', 'OFF')
  expect(leastLevel(levels)).toBe('error')
})
