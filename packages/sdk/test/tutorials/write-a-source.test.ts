import { describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import arraySource from './array-source.ts'

const here = new URL('.', import.meta.url)
const page = fs.readFileSync(new URL('../../../../docs/tutorials/write-a-source.md', here), 'utf8')

/** The page's code blocks of one language, in order. */
function blocks(language: string): readonly string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, code]) => code ?? '')
}

function file(name: string): string {
  return fs.readFileSync(new URL(name, here), 'utf8')
}

describe('the tutorial “Write a source”', () => {
  test('shows the very code that is compiled and tested here', () => {
    expect(blocks('ts')).toEqual([file('array-source.ts'), file('array-source.test.ts')])
  })

  test('promises less than 60 lines, and keeps it', () => {
    expect(file('array-source.ts').split('\n').length).toBeLessThan(60)
  })

  test('configures it with settings that it has', () => {
    const properties = blocks('properties')[1] ?? ''
    const raw = Object.fromEntries(
      properties
        .trim()
        .split('\n')
        .map((line) => line.split('=') as [string, string]),
    )
    expect(arraySource.settings.unknownKeys(raw, ['name', 'connector.class', 'topic.creation.'])).toEqual([])
    expect(arraySource.settings.parse(raw)).toMatchObject({ topic: 'greetings', items: ['hello', 'hallo', 'salut'] })
    expect(raw['connector.class']).toBe(arraySource.name)
  })
})
