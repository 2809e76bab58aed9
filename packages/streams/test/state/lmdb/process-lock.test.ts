import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { takeLock } from '../../../src/state/lmdb/process-lock.ts'

/** Above all that a system gives. */
const NO_PROCESS = 99_999_999
const CALLS = ['readFileSync', 'readdirSync', 'writeFileSync', 'rmSync'] as const

let directory = ''
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-lock-'))
})
afterEach(() => {
  jest.restoreAllMocks()
  fs.rmSync(directory, { recursive: true, force: true })
})

/** What gives it back; null: it is somebody else's. */
function taken(): (() => void) | null {
  try {
    return takeLock(directory)
  } catch (error) {
    expect(error).toMatchObject({ code: 'STATE_LOCKED', retriable: true })
    return null
  }
}

function leftByTheDead(): void {
  const own = Object.getOwnPropertyDescriptor(process, 'pid')!
  Object.defineProperty(process, 'pid', { ...own, value: NO_PROCESS })
  takeLock(directory)
  Object.defineProperty(process, 'pid', own)
}

/** Calls `before` with the number of each call of the file system that `run` makes; what it does itself is not counted. @returns how many */
function stepped<T>(run: () => T, before: (call: number) => void): readonly [T, calls: number] {
  let calls = 0
  let isInside = false
  for (const name of CALLS) {
    const real = fs[name] as (...args: unknown[]) => unknown
    jest.spyOn(fs, name).mockImplementation(((...args: unknown[]) => {
      if (!isInside) {
        isInside = true
        before(calls++)
        isInside = false
      }
      return real(...args)
    }) as never)
  }
  try {
    return [run(), calls]
  } finally {
    jest.restoreAllMocks()
  }
}

test('what the dead left is taken by one, wherever another one comes between, and gives it to a third', () => {
  leftByTheDead()
  const [first, steps] = stepped(taken, () => undefined)
  first!()
  expect(steps).toBeGreaterThan(3)
  for (let second = 0; second < steps; second++) {
    for (let third = second; third <= 2 * steps; third++) {
      leftByTheDead()
      let others: ((() => void) | null)[] = []
      let isOfTwo = true
      const [own] = stepped(taken, (call) => {
        if (call === second) others.push(taken())
        if (call !== third) return
        isOfTwo = false
        for (const unlock of others) unlock?.()
        others = [taken()]
      })
      const holders = [own, ...others].filter((unlock) => unlock !== null)
      // Two that come in the same moment may both give way, as own and third; two never have it.
      const wanted = isOfTwo ? [1] : [0, 1]
      expect({ second, third, isRight: wanted.includes(holders.length) }).toEqual({ second, third, isRight: true })
      const later = taken()
      expect(later === null).toBe(holders.length === 1)
      for (const unlock of [...holders, later]) unlock?.()
      expect(fs.readdirSync(directory)).toEqual([])
    }
  }
})

test('an owner of an earlier release is left alone while it lives, and its file is taken away when it is dead', () => {
  // What it says of itself is what our own file is named.
  const unlock = takeLock(directory)
  const [, pid, started, boot] = fs.readdirSync(directory)[0]!.split('.')
  unlock()
  const earlier = path.join(directory, 'lock')
  fs.writeFileSync(earlier, JSON.stringify({ pid: Number(pid), started, boot }))
  expect(taken()).toBeNull()
  expect(fs.readdirSync(directory)).toEqual(['lock'])
  for (const left of [JSON.stringify({ pid: NO_PROCESS, started, boot }), '']) {
    fs.writeFileSync(earlier, left)
    taken()!()
    expect(fs.readdirSync(directory)).toEqual([])
  }
})
