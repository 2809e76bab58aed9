import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { BrokerClock } from '../../src/clock.ts'
import { openTopics } from '../../src/topics/open-topics.ts'
import { readAll } from './support.ts'

const PROGRAM = fileURLToPath(new URL('./appending-process.ts', import.meta.url))

describe('a process that is killed while it appends', () => {
  let dataDir: string
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'embedded-kafka-kill-'))
  })
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

  /** The last offset that a process of its own acknowledged before it was killed. */
  async function acknowledgedByKilled(acknowledgements: number): Promise<number> {
    const child = spawn(process.execPath, ['--conditions=@sluice/source', PROGRAM, dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text
      if (printed.split('\n').length > acknowledgements) child.kill('SIGKILL')
    })
    await once(child, 'close')
    return Number(printed.split('\n').at(-2))
  }

  it('has lost nothing that it acknowledged, however often', async () => {
    let acknowledged = 0
    for (const count of [3, 500, 1500]) acknowledged = Math.max(acknowledged, await acknowledgedByKilled(count))
    const opened = openTopics({
      dataDir,
      clock: new BrokerClock(),
      setting: () => 86_400_000,
      leaders: { leaderFor: () => 1, isAlive: () => true },
      brokerOverride: () => undefined,
    })
    const { log } = opened.topics.get('orders')!.partitions[0]!
    const seen = readAll(log, 0, false, 1_000_000)
    opened.close()
    expect(acknowledged).toBeGreaterThan(19_000)
    expect(seen.length).toBeGreaterThanOrEqual(acknowledged)
    expect(seen.every(({ offset, value }, i) => offset === i && value === `record ${i}`)).toBe(true)
  })
})
