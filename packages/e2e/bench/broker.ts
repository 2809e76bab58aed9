import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const SCRIPT = fileURLToPath(new URL('../../../deploy/dev/kafka.sh', import.meta.url))

/**
 * The address of the Kafka at SLUICE_TEST_KAFKA, or of one started for this process and ended with it; null, said aloud, where there is
 * neither. It sets SLUICE_TEST_KAFKA.
 */
export function brokerForBench(): string | null {
  const given = process.env['SLUICE_TEST_KAFKA']
  if (given !== undefined) return given
  const missing = ['java', 'mvn'].filter((tool) => spawnSync('which', [tool]).status !== 0)
  if (missing.length > 0) {
    console.log(`  Apache Kafka is not here (${missing.join(' and ')} not found): not run`)
    return null
  }
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-kafka-'))
  const port = 41_000 + (process.pid % 10_000)
  const address = execFileSync('bash', [SCRIPT, 'start', dir, String(port)], { encoding: 'utf8' }).trim()
  process.env['SLUICE_TEST_KAFKA'] = address
  process.once('exit', () => {
    spawnSync('bash', [SCRIPT, 'stop', dir])
    fs.rmSync(dir, { recursive: true, force: true })
  })
  return address
}
