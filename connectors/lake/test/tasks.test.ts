import { expect, test } from '@jest/globals'
import { lakeSink } from '@sluice/connector-lake'

test('as many tasks as tasks.max allows, each with the settings of the connector', async () => {
  const raw = { 'lake.url': 'memory:', topics: 'orders' }
  expect(await lakeSink.taskSettings?.(lakeSink.settings.parse(raw), raw, 3)).toEqual([raw, raw, raw])
})
