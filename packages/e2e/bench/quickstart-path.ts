/**
 * The quickstart's whole path, stage by stage: CPU of this process (user and system) in µs per row of the file. The rows are the bird
 * strikes, repeated with one column varied so that none repeats another. Then the whole path runs in this one process: what the sum of
 * the stages lacks against it is what the loops around them cost (batches, positions, offsets, tallies, waiting) and what a larger heap
 * does to all of them.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { connect } from '@sluice/kafka'
import type { BenchCase } from './bench-case.ts'
import { brokerForBench } from './broker.ts'
import { StageTable } from './quickstart-path/stage-table.ts'
import { measureStages } from './quickstart-path/stages.ts'
import { strikesFile } from './quickstart-path/strikes-file.ts'
import { runWholePath } from './quickstart-path/whole-path.ts'

export async function bench(short: boolean): Promise<readonly BenchCase[]> {
  const broker = await brokerForBench()
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-path-'))
  const kafka = await connect({ bootstrapServers: broker, clientId: 'bench' })
  try {
    const strikes = strikesFile(dir, 'strikes', short ? 2 : 11)
    const table = new StageTable()
    await measureStages({ kafka, broker, dir, table }, strikes)
    await runWholePath(kafka, broker, strikesFile(dir, 'warm', 1), dir)
    const whole = await runWholePath(kafka, broker, strikes, dir)
    return [
      ...table.cases(),
      { name: 'sum of the stages', unit: 'µs', ours: table.sum, peer: [] },
      {
        name: `the whole path in one process, ${strikes.rows.toLocaleString('en')} rows`,
        unit: 'µs',
        ours: whole,
        peer: [{ name: 'sum of the stages', value: table.sum }],
      },
    ]
  } finally {
    await kafka.close()
    fs.rmSync(dir, { recursive: true, force: true })
  }
}
