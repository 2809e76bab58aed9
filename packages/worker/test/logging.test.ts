import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { openLogger } from '../src/logging.ts'

const source = fileURLToPath(new URL('../src/logging.ts', import.meta.url))

let dir: string
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'logging-'))
})
afterEach(() => fs.rmSync(dir, { recursive: true }))

function linesOf(file: string): Record<string, unknown>[] {
  return fs
    .readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

describe('a log in a file', () => {
  test('has every line when it is closed, in order', async () => {
    const file = path.join(dir, 'worker.log')
    const logger = openLogger({ file })
    for (let n = 0; n < 20_000; n++) logger.info(`line ${n}`, { n })
    await logger.close()
    expect(linesOf(file).map(({ n }) => n)).toEqual(Array.from({ length: 20_000 }, (_, n) => n))
  })

  test('one JSON object a line: time, level, message, and the context of its part', async () => {
    const file = path.join(dir, 'worker.log')
    const logger = openLogger({ file, level: 'debug' })
    const task = logger.child({ connector: 'c' }).child({ task: 0 })
    task.debug('first')
    task.warn('second', { offset: 7 })
    logger.error('third')
    await logger.close()
    const time = { timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as unknown }
    expect(linesOf(file)).toEqual([
      { level: 'debug', message: 'first', connector: 'c', task: 0, 'connector.context': '[c|task-0] ', ...time },
      {
        level: 'warn',
        message: 'second',
        connector: 'c',
        task: 0,
        'connector.context': '[c|task-0] ',
        offset: 7,
        ...time,
      },
      { level: 'error', message: 'third', ...time },
    ])
  })

  test('a message with percent signs keeps its fields, and fields do not take the place of the message', async () => {
    const file = path.join(dir, 'worker.log')
    const logger = openLogger({ file })
    logger.child({ connector: 'c' }).info('100%done, %s', { message: 'other', level: 'other' })
    await logger.close()
    expect(linesOf(file)).toMatchObject([{ level: 'info', message: '100%done, %s', connector: 'c' }])
  })

  test('says no more than its level asks for', async () => {
    const file = path.join(dir, 'worker.log')
    const logger = openLogger({ file, level: 'warn' })
    logger.info('not this')
    logger.warn('this')
    await logger.close()
    expect(linesOf(file).map(({ message }) => message)).toEqual(['this'])
  })
})

/** Runs a few lines that log, in a process of their own. */
function run(lines: string): { readonly status: number | null; readonly stderr: string } {
  const script = `import { openLogger } from ${JSON.stringify(source)}\n${lines}`
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--conditions=@sluice/source', '--input-type=module', '-e', script],
    {
      encoding: 'utf8',
      timeout: 15_000,
    },
  )
  return { status, stderr }
}

describe('a log on standard error', () => {
  test('puts Kafka Connect’s context in front, and facts behind', () => {
    const { stderr } = run(`const logger = openLogger()
      logger.child({ connector: 'c', task: 1 }).warn('slow', { ms: 5, what: 'disk' })
      logger.child({ connector: 'c' }).info('up')
      await logger.close()`)
    expect(stderr).toMatch(/^\S+Z WARN \[c\|task-1\] slow ms=5 what=disk\n\S+Z INFO \[c\|worker\] up\n$/)
  })
})

describe('a log that cannot be written', () => {
  test('is told of once on standard error; the work goes on, and closing ends', () => {
    const { status, stderr } = run(`const logger = openLogger({ file: ${JSON.stringify(dir)} })
      logger.info('one')
      await new Promise((resolve) => setTimeout(resolve, 100))
      logger.info('two')
      await logger.close()
      process.stderr.write('went on')`)
    expect(stderr).toMatch(/^The log .* cannot be written: .*EISDIR.*\nwent on$/)
    expect(status).toBe(0)
  })
})
