import { describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import { streamsSettings, StreamsBuilder } from '../../src/index.ts'
import revenue from './revenue.ts'

const here = new URL('.', import.meta.url)
const page = fs.readFileSync(new URL('../../../../docs/tutorials/write-a-processor.md', here), 'utf8')

/** The page's code blocks of one language, in order. */
function blocks(language: string): readonly string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, code]) => code ?? '')
}

describe('the tutorial “Write a processor”', () => {
  test('shows the very code that is compiled and tested here', () => {
    const file = (name: string): string => fs.readFileSync(new URL(name, here), 'utf8')
    expect(blocks('ts')).toEqual([file('revenue.ts'), file('revenue.test.ts')])
  })

  test('names all that has state, as it says', () => {
    const builder = new StreamsBuilder()
    revenue.topology(builder, revenue.settings.parse({}))
    const topology = builder.build()
    expect([topology.unnamedStores(), topology.unnamedTopics()]).toEqual([[], []])
    expect([...topology.stores.keys(), ...topology.repartitions.keys()]).toEqual(['revenue', 'by-customer-repartition'])
  })

  test('configures it with settings that it has', () => {
    const raw = Object.fromEntries(
      (blocks('properties')[0] ?? '')
        .trim()
        .split('\n')
        .map((line) => line.split('=') as [string, string]),
    )
    const { 'bootstrap.servers': brokers, 'processor.class': code, ...settings } = raw
    expect([brokers, code]).toEqual(['localhost:9092', './revenue.ts'])
    expect(streamsSettings.unknownKeys(settings)).toEqual([])
    expect(streamsSettings.parse(settings)).toMatchObject({ 'application.id': 'revenue' })
  })
})
