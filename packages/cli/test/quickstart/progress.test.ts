import { describe, expect, test } from '@jest/globals'
import { PassThrough } from 'node:stream'
import { ProgressLines, type StageProgress } from '../../src/quickstart/progress.ts'

function stage(name: string, done: number, total: number | null, complete = false): StageProgress {
  return { stage: name, what: 'lines read', done, total, complete }
}

/** What is written to something that is a terminal, or is not. */
class Output {
  readonly #stream = new PassThrough()
  readonly lines: ProgressLines
  constructor(isTTY: boolean) {
    this.lines = new ProgressLines(Object.assign(this.#stream, { isTTY }) as unknown as NodeJS.WriteStream)
  }
  take(): string {
    return ((this.#stream.read() as Buffer | null) ?? '').toString()
  }
}

const UP_TWO = '\u001b[2A'
const WIPE = '\u001b[2K'

describe('progress where nobody watches (a pipe, a log)', () => {
  test('is one line per stage, when it is complete, and no escape codes', () => {
    const out = new Output(false)
    out.lines.show([stage('source', 10, null), stage('sink', 0, null)])
    expect(out.take()).toBe('')
    out.lines.show([stage('source', 1234567, 1234567, true), stage('sink', 0, null)])
    expect(out.take()).toBe(`  ✓ source     ${'█'.repeat(24)} 1,234,567 lines read\n`)
  })

  test('tells of a stage once, though it is shown again', () => {
    const out = new Output(false)
    for (let i = 0; i < 5; i++) out.lines.show([stage('source', 5, 5, true)], i === 4)
    expect(out.take().match(/source/g)).toHaveLength(1)
  })
})

describe('progress on a terminal', () => {
  test('is redrawn in place: up by as many lines as were drawn, each wiped', () => {
    const out = new Output(true)
    out.lines.show([stage('source', 1, 4), stage('sink', 0, null)])
    expect(out.take()).not.toContain('\u001b[2A')
    out.lines.show([stage('source', 4, 4, true), stage('sink', 4, 4, true)], true)
    const redrawn = out.take()
    expect(redrawn.startsWith(UP_TWO)).toBe(true)
    expect(redrawn.split(WIPE)).toHaveLength(3)
  })

  test('is not redrawn more often than one can see, except for the last time', () => {
    const out = new Output(true)
    out.lines.show([stage('source', 1, 4)])
    out.take()
    out.lines.show([stage('source', 2, 4)])
    expect(out.take()).toBe('')
    out.lines.show([stage('source', 4, 4, true)], true)
    expect(out.take()).toContain('✓ source')
  })

  test('leaves what was final alone: a later run draws below it', () => {
    const out = new Output(true)
    out.lines.show([stage('source', 4, 4, true)], true)
    out.take()
    out.lines.show([stage('source', 4, 4, true)], true)
    expect(out.take()).not.toContain('\u001b[1A')
  })
})

describe('the bar', () => {
  const filled = (done: number, total: number | null, complete = false): number => {
    const out = new Output(true)
    out.lines.show([stage('source', done, total, complete)], true)
    return out.take().match(/█/g)?.length ?? 0
  }

  test('is as full as the share that is done', () => {
    expect(filled(0, 10)).toBe(0)
    expect(filled(5, 10)).toBe(12)
    expect(filled(10, 10)).toBe(24)
  })

  test('is empty while the total is not known, and full for a stage that had nothing to do', () => {
    expect(filled(5000, null)).toBe(0)
    expect(filled(0, 0, true)).toBe(24)
  })

  test('never runs over, though records that came again are counted again', () => {
    expect(filled(15, 10)).toBe(24)
  })
})
