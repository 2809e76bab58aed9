import { expect, test } from '@jest/globals'
import { GIVEN_UP, TextDictionary } from '../../src/parquet/text-dictionary.ts'

/** FNV-1a as the dictionary has it. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5 | 0
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash ^ (hash >>> 15)
}

test('a text has the same place from a string and from its bytes', () => {
  const [strings, bytes] = [new TextDictionary(), new TextDictionary()]
  const texts = Array.from({ length: 3000 }, (_, i) => ['', 'Łódź', '東京', `w${i % 700}`][i % 4]!)
  for (const text of texts) {
    const around = Buffer.from(`"${text}"`)
    expect(bytes.addUtf8(around, 1, around.length - 1)).toBe(strings.add(text))
    expect(strings.add(text)).toBe(bytes.add(text))
  }
  expect(Buffer.from(bytes.encoded())).toEqual(Buffer.from(strings.encoded()))
  expect(bytes.size).toBe(new Set(texts).size)
})

test('what was taken back is new again', () => {
  const dictionary = new TextDictionary()
  for (const text of ['a', 'b', 'a', 'c']) dictionary.add(text)
  dictionary.undo(2)
  expect(dictionary.size).toBe(2)
  expect([dictionary.add('d'), dictionary.add('c'), dictionary.add('b')]).toEqual([2, 3, 1])
})

test('texts made to hash alike end the dictionary, instead of making it slow', () => {
  const alike: string[] = []
  for (let i = 0; alike.length < 100; i++) if ((hashOf(`k${i}`) & 0xfff) === 7) alike.push(`k${i}`)
  const dictionary = new TextDictionary()
  // Others make the table large enough for all of them to want one slot.
  for (let i = 0; i < 300; i++) dictionary.add(`other${i}`)
  expect(alike.map((text) => dictionary.add(text))).toContain(GIVEN_UP)
})
