import { expect, test } from '@jest/globals'
import { VersionChain } from '../../src/state/version-chain.ts'

test('a chain holds no more than the history: what no longer held then is let go', () => {
  const chain = new VersionChain<string>()
  for (let time = 0; time < 100; time++) {
    chain.put(`v${time}`, time)
    chain.forget(time - 10)
  }
  expect(chain.times).toEqual([89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99])
  expect(chain.asOf(88)).toBeNull()
})

test('a delete goes once nothing before it is asked for', () => {
  const chain = new VersionChain<string>()
  chain.put('a', 1)
  chain.put(null, 5)
  chain.forget(5)
  expect(chain.times).toEqual([5])
  chain.forget(6)
  expect(chain.isEmpty).toBe(true)
})
