import { test } from '@jest/globals'
import { datagenSource } from '@sluice/connector-datagen'
import type { RawSettings } from '@sluice/sdk'
import { sourceContract } from '@sluice/sdk/testing'
import { QUICKSTART_NAMES } from '../src/quickstarts.ts'
import { datagen, recordsOf } from './datagen-runs.ts'

function source(name: string, settings: RawSettings): void {
  sourceContract((promise, body) => test(`${name}: ${promise}`, body), {
    connector: datagenSource,
    prepare: async () => ({
      settings: datagen(settings),
      values: (await recordsOf(settings)).map(({ value }) => value),
    }),
  })
}

for (const quickstart of QUICKSTART_NAMES) {
  source(quickstart, { quickstart, iterations: '40' })
  source(`changes of ${quickstart}`, {
    quickstart,
    iterations: '40',
    'change.events': 'true',
    'change.events.rows': '5',
  })
}
source('without schemas', { quickstart: 'orders', iterations: '40', 'schemas.enable': 'false' })
source('changes without schemas', {
  quickstart: 'orders',
  iterations: '40',
  'schemas.enable': 'false',
  'change.events': 'true',
  'change.events.rows': '3',
  'change.events.updates': '1',
})
