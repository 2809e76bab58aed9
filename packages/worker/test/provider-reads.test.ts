import { expect, test } from '@jest/globals'
import { isRetriable } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import type { ProvidedValues } from '../src/config-providers.ts'
import { ProviderReads } from '../src/provider-reads.ts'

const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** A provider that answers when the test says so, and reads of it. */
function slow() {
  const clock = new FakeClock()
  const reads = new ProviderReads(clock)
  const asked: (readonly string[])[] = []
  const answers: PromiseWithResolvers<ProvidedValues>[] = []
  const provider = {
    get: (_: string, keys: readonly string[]): Promise<ProvidedValues> => {
      asked.push(keys)
      answers.push(Promise.withResolvers())
      return answers.at(-1)!.promise
    },
  }
  const get = (path: string, ...keys: string[]): Promise<ProvidedValues> =>
    reads.get({ name: 'vault', provider, path }, keys)
  return { clock, asked, answers, get }
}
const values = (given: Record<string, string>): ProvidedValues => ({ values: given, ttlMs: null })

test('a path that is being read is not read a second time: whoever asks meanwhile has what the first has', async () => {
  const { asked, answers, get } = slow()
  const both = [get('/a', 'x', 'y'), get('/a', 'x')]
  const other = get('/b', 'x')
  expect(asked.length).toBe(2)
  answers[0]!.resolve(values({ x: '1' }))
  answers[1]!.resolve(values({ x: '2' }))
  expect(await Promise.all([...both, other])).toEqual([values({ x: '1' }), values({ x: '1' }), values({ x: '2' })])
  await settle()
  void get('/a', 'x').catch(() => undefined)
  expect(asked.length).toBe(3)
})

test.each(['answers', 'fails'])('keys that it does not look for are looked for together, after it %s', async (how) => {
  const { asked, answers, get } = slow()
  const first = get('/a', 'x')
  const rest = [get('/a', 'y'), get('/a', 'x', 'z')]
  await settle()
  expect(asked).toEqual([['x']])
  if (how === 'answers') answers[0]!.resolve(values({ x: '1' }))
  else answers[0]!.reject(new Error('sealed'))
  expect(await first.catch((error: Error) => error.message)).toEqual(how === 'answers' ? values({ x: '1' }) : 'sealed')
  await settle()
  expect(asked).toEqual([['x'], ['y', 'x', 'z']])
  answers[1]!.resolve(values({ y: '2' }))
  expect(await Promise.all(rest)).toEqual([values({ y: '2' }), values({ y: '2' })])
})

test('a read that hangs is told of with its provider and path, to those who come later at once; asked again when it is over', async () => {
  const { clock, asked, answers, get } = slow()
  const hanging = get('/nfs/db.properties', 'x')
  const told = hanging.catch((error: unknown) => error)
  clock.advance(29_999)
  await settle()
  const toldLate = expect(get('/nfs/db.properties', 'x')).rejects.toThrow(/has not answered/)
  clock.advance(1)
  expect(await told).toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: 'The config provider vault of /nfs/db.properties has not answered within 30 s',
  })
  expect(isRetriable(await told)).toBe(true)
  await toldLate
  await expect(get('/nfs/db.properties', 'x')).rejects.toThrow(/has not answered/)
  expect([asked.length, clock.sleeping]).toEqual([1, 0])
  answers[0]!.resolve(values({}))
  await settle()
  const again = get('/nfs/db.properties', 'x')
  answers[1]!.resolve(values({ x: '1' }))
  expect(await again).toEqual(values({ x: '1' }))
})
