import { expect, test } from '@jest/globals'
import { FakeClock, MemoryLogger } from '@sluice/sdk/testing'
import { LastLines } from '../../src/processors/last-lines.ts'

function open() {
  const clock = new FakeClock()
  const onward = new MemoryLogger()
  const lines = new LastLines(clock)
  for (const name of ['a', 'b']) lines.keep(name, new Set())
  return { clock, onward, lines, logger: lines.logger(onward) }
}

test('a line of an instance is kept under its processor, and goes on with the processor’s own words', () => {
  const { lines, logger, onward, clock } = open()
  logger.child({ connector: 'a', task: 1 }).warn('slow', { ms: 7 })
  expect(lines.of('a')).toEqual([{ at: clock.now(), level: 'warn', instance: 1, message: 'slow {"ms":7}' }])
  expect(onward.lines).toMatchObject([
    { level: 'warn', message: 'slow', fields: { processor: 'a', instance: 1, ms: 7 } },
  ])
  expect(onward.lines[0]?.fields).not.toHaveProperty('connector')
})

test('what a cell wrote itself is that of its processor; of a shared cell it is nobody’s', () => {
  const { lines, logger } = open()
  logger.error('boom', { cell: 'processor a', stream: 'stderr' })
  logger.error('boom', { cell: 'shared cell 1', stream: 'stderr' })
  expect(lines.of('a')).toMatchObject([{ level: 'error', instance: null, message: 'boom' }])
  expect(lines.of('shared cell 1')).toEqual([])
})

test('a line of one of several instances is kept under their processor', () => {
  const { lines, logger } = open()
  logger.warn('slow', { connector: 'a/1', task: 1 })
  logger.error('boom', { cell: 'processor a/1', stream: 'stderr' })
  expect(lines.of('a')).toMatchObject([
    { instance: 1, message: 'slow' },
    { instance: null, message: 'boom' },
  ])
})

test('a value of a config provider is hidden, whoever wrote it, also where a line is cut', () => {
  const { lines, logger } = open()
  lines.keep('a', new Set(['opensesame']))
  logger.warn('connecting with opensesame', { cell: 'processor a', stream: 'stderr' })
  logger.info('x', { connector: 'a', url: 'http://u:opensesame@h/' })
  logger.info(`${'x'.repeat(3_995)}opensesame`, { connector: 'a' })
  logger.info('opensesame', { connector: 'b' })
  expect(JSON.stringify(lines.of('a'))).not.toMatch(/opens/)
  expect(lines.of('a')[0]?.message).toBe('connecting with [hidden]')
  expect(lines.of('b')[0]?.message).toBe('opensesame')
})

test('nor does it go on to the worker’s log, also from a process that may be anybody’s', () => {
  const { lines, logger, onward } = open()
  lines.keep('a', new Set(['opensesame']))
  logger.warn('with opensesame', { cell: 'processor a', stream: 'stderr' })
  logger.info('x', { connector: 'a', url: 'http://u:opensesame@h/' })
  logger.info('opensesame', { cell: 'validation of copy, 1', stream: 'stdout' })
  expect(JSON.stringify(onward.lines)).not.toMatch(/opens/)
  expect(onward.lines).toHaveLength(3)
  expect(lines.cleaned('a', 'exited: opensesame')).toBe('exited: [hidden]')
})

test('the last five hundred are kept, cut where they are long, and forgotten with the processor', () => {
  const { lines, logger } = open()
  for (let n = 0; n < 600; n++) logger.info(String(n), { connector: 'a' })
  logger.info('x'.repeat(10_000), { connector: 'a' })
  expect(lines.of('a', 10_000)).toHaveLength(500)
  expect(lines.of('a').at(-2)?.message).toBe('599')
  expect(lines.of('a').at(-1)?.message).toHaveLength(4_000)
  expect(lines.of('a', 2)).toHaveLength(2)
  expect(lines.of('a', 0)).toEqual([])
  lines.forget('a')
  expect(lines.of('a')).toEqual([])
})

test('nothing is kept of what was only asked about, nor of what is said after it was forgotten', () => {
  const { lines, logger } = open()
  logger.warn('stands still', { connector: 'asked-about' })
  lines.forget('a')
  logger.info('the cell has ended', { cell: 'processor a' })
  expect(lines.of('asked-about')).toEqual([])
  expect(lines.of('a')).toEqual([])
})
