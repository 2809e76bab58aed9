import { expect, test } from '@jest/globals'
import { WaitingLine } from '../../src/produce/waiting-line.ts'

test('everybody is served in the order of their coming, however many come and go', () => {
  const line = new WaitingLine<number>()
  const served: number[] = []
  let next = 0
  for (let round = 0; round < 200; round++) {
    for (let i = 0; i < 100; i++) line.push(next++)
    for (let i = 0; i < 90; i++) {
      served.push(line.first!)
      line.shift()
    }
    expect(line.length).toBe((round + 1) * 10)
  }
  expect([...served, ...line.drain()]).toEqual(Array.from({ length: next }, (_, i) => i))
  expect([line.length, line.first]).toEqual([0, undefined])
  line.shift()
  expect(line.length).toBe(0)
})

test('a line of many is served as fast as one of few', () => {
  const line = new WaitingLine<number>()
  for (let i = 0; i < 1_000_000; i++) line.push(i)
  const begun = performance.now()
  while (line.length > 0) line.shift()
  // An array would take minutes.
  expect(performance.now() - begun).toBeLessThan(5_000)
})
