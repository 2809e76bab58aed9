import { test } from '@jest/globals'
import { sinkContract } from '@sluice/sdk/testing'
import { Paper, sinkOn } from './printing.ts'

let paper = new Paper()

for (const format of ['text', 'json', 'table']) {
  sinkContract((promise, body) => test(`${format}: ${promise}`, body), {
    connector: { ...sinkOn(paper), createTask: (settings, context) => sinkOn(paper).createTask(settings, context) },
    prepare: async () => {
      paper = new Paper()
      const read = async (): Promise<readonly string[]> => [...paper.text.matchAll(/value-\d/g)].map(([value]) => value)
      return { settings: { format }, values: [1, 2, 3, 4, 5].map((n) => `value-${n}`), read }
    },
  })
}
