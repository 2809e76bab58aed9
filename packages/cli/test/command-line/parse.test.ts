import { describe, expect, test } from '@jest/globals'
import { leaf } from '../../src/command-line/declaration.ts'
import { durationMs } from '../../src/command-line/duration.ts'
import { parse } from '../../src/command-line/parse.ts'

const node = leaf({
  name: 'get',
  summary: 'Gets',
  operands: [
    { name: 'NAME', documentation: 'A name' },
    { name: 'MORE', isOptional: true, isRepeated: true, documentation: 'More' },
  ],
  options: {
    output: { type: 'text', short: 'o', choices: ['json', 'table'], default: 'table', documentation: 'd' },
    server: { type: 'text', short: 's', env: 'SERVER', default: 'http://d', documentation: 'd' },
    file: { type: 'text', short: 'f', isRepeated: true, documentation: 'd' },
    wait: { type: 'text', isValueOptional: true, choices: ['RUNNING'], documentation: 'd' },
    quiet: { type: 'flag', short: 'q', documentation: 'd' },
    timeout: { type: 'duration', default: '60s', documentation: 'd' },
    max: { type: 'number', documentation: 'd' },
  },
  run: async () => 0,
})

const read = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => parse(['get'], node, args, env)

describe('arguments', () => {
  test('without options have the defaults', () => {
    expect(read(['a'])).toEqual({
      operands: ['a'],
      values: {
        output: 'table',
        server: 'http://d',
        file: [],
        wait: undefined,
        quiet: false,
        timeout: 60_000,
        max: undefined,
      },
    })
  })

  test.each([
    [['a', '--output', 'json'], { output: 'json' }],
    [['a', '--output=json'], { output: 'json' }],
    [['-o', 'json', 'a'], { output: 'json' }],
    [['-ojson', 'a'], { output: 'json' }],
    [['-o=json', 'a'], { output: 'json' }],
    [['a', '-f', 'x', '--file=y', '-f', '-'], { file: ['x', 'y', '-'] }],
    [['a', '--wait', '-q'], { wait: '', quiet: true }],
    [['--wait=RUNNING', 'a'], { wait: 'RUNNING' }],
    [['--timeout', '1500ms', '--max', '0', 'a'], { timeout: 1500, max: 0 }],
    [['--server=http://h?a=b', 'a'], { server: 'http://h?a=b' }],
    [['--server', '', 'a'], { server: '' }],
  ])('%j are understood', (args, values) => {
    expect(read(args)).toMatchObject({ operands: ['a'], values })
  })

  test('behind -- are no options', () => {
    expect(read(['--', '--output', '-q']).operands).toEqual(['--output', '-q'])
  })

  test('come from the environment when they are not given; what is empty there is not given', () => {
    expect(read(['a'], { SERVER: 'http://e' }).values).toMatchObject({ server: 'http://e' })
    expect(read(['a', '-s', 'http://g'], { SERVER: 'http://e' }).values).toMatchObject({ server: 'http://g' })
    expect(read(['a'], { SERVER: '' }).values).toMatchObject({ server: 'http://d' })
  })

  test.each([
    [[], 'NAME is missing: A name'],
    [['a', '--ouput', 'json'], 'There is no option --ouput; did you mean --output?'],
    [['a', '-x'], 'There is no option -x'],
    [['a', '-o', 'xml'], "--output is 'xml', which is none of json, table"],
    [['a', '-o'], '--output needs a value'],
    [['a', '--quiet=1'], '--quiet takes no value'],
    [['a', '-o', 'json', '-o', 'json'], '--output was given twice'],
    [['a', '--wait=SOON'], "--wait is 'SOON'"],
    [['a', '--timeout', 'soon'], "--timeout is 'soon', which is no time"],
    [['a', '--max', '1.5'], "--max is '1.5', which is no whole number"],
    [['a', '--max', ''], "--max is ''"],
    [['a', '--constructor', 'x'], 'There is no option --constructor'],
  ])('%j are refused with what is wrong', (args, message) => {
    expect(() => read(args)).toThrow(message)
  })
})

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['2m', 120_000],
  ['1.5h', 5_400_000],
  ['7', 7000],
  ['', undefined],
  ['-1s', undefined],
  ['1d', undefined],
])('%j as a time is %j ms', (text, ms) => {
  expect(durationMs(text)).toBe(ms)
})
