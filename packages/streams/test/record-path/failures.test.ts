import { expect, test } from '@jest/globals'
import { Quarantine } from '@sluice/quality'
import { systemRandom } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { Drops } from '../../src/record-path/drops.ts'
import { CannotTakeBack, Failures } from '../../src/record-path/failures.ts'
import { OutputBatch } from '../../src/record-path/output-batch.ts'
import { RecordContext } from '../../src/record-path/record-context.ts'
import type { Way } from '../../src/record-path/way.ts'
import { streamsSettings } from '../../src/streams-settings.ts'
import { taskSettingsOf } from '../../src/task-settings.ts'

test('a record that failed before is dealt with as its node says, in the next attempt too', () => {
  const way = { retry: null, chain: { source: {} } } as unknown as Way
  const at = new RecordContext({ output: new OutputBatch(), clock: new FakeClock() })
  at.begin()
  Object.assign(at, { topic: 'in', partition: 0, offset: 7, stage: 'process', node: 'lookup', policy: 'drop' })
  const cannot = new CannotTakeBack(at, new Error('no such thing'), true)

  const clock = new FakeClock()
  const drops = new Drops()
  const settings = {
    ...taskSettingsOf(streamsSettings.parse({ 'application.id': 'test', 'processing.exception.handler': 'fail' })),
    failedBefore: new Map([[cannot.record, cannot.failure]]),
  }
  const quarantine = new Quarantine({ flow: 'test', clock, random: systemRandom })
  const failures = new Failures({
    task: '0_0',
    quarantineTopic: 'q',
    settings,
    clock,
    quarantine,
    drops,
    journal: null,
    hasStores: false,
  })
  at.begin()
  const error = failures.failedBefore(at, way)
  expect(error).toBe(cannot.failure.error)
  expect(failures.thrown(at, way, error, null)).toBeNull()
  expect(drops.snapshot()).toEqual({ process: 1 })
})
