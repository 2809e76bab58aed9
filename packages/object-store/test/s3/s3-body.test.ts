import { Readable } from 'node:stream'
import { expect, test } from '@jest/globals'
import { bodyOf } from '../../src/s3/s3-body.ts'

const never = new AbortController().signal
const body = (...chunks: string[]): Readable => Readable.from(chunks.map((chunk) => Buffer.from(chunk)))

test('a body is read whole, with or without a length', async () => {
  expect(Buffer.from(await bodyOf({ Body: body('ab', 'c'), ContentLength: 3 }, never)).toString()).toBe('abc')
  expect(Buffer.from(await bodyOf({ Body: body('ab', 'c') }, never)).toString()).toBe('abc')
})

test.each([2, 4])('three bytes of %i that were announced are no body', async (ContentLength) => {
  await expect(bodyOf({ Body: body('ab', 'c'), ContentLength }, never)).rejects.toMatchObject({
    code: 'BodyIncomplete',
  })
})

test('a body that does not go on ends with the signal', async () => {
  const stop = new AbortController()
  const reading = bodyOf({ Body: new Readable({ read: () => undefined }), ContentLength: 3 }, stop.signal)
  stop.abort()
  await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
})
