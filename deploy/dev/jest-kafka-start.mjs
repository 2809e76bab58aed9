// Before the integration tests: use the Kafka named by SLUICE_TEST_KAFKA, else start one from Maven's jars if this machine
// has Java and mvn, else say aloud what is skipped. The tests themselves look at SLUICE_TEST_KAFKA only.
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))

export default function start() {
  if (process.env.SLUICE_TEST_KAFKA) return
  const missing = ['java', 'mvn'].filter((tool) => spawnSync('which', [tool]).status !== 0)
  if (missing.length > 0) {
    console.log(
      `\nsluice: integration tests that need Apache Kafka are skipped: ${missing.join(' and ')} not found. ` +
        'Install a JDK 17 and Maven, or set SLUICE_TEST_KAFKA=host:port.\n',
    )
    return
  }
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-test-kafka-'))
  const port = 20_000 + (process.pid % 20_000)
  console.log(`\nsluice: starting Apache Kafka on port ${port} for the integration tests …`)
  const address = execFileSync('bash', [path.join(here, 'kafka.sh'), 'start', dir, String(port)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim()
  process.env.SLUICE_TEST_KAFKA = address
  globalThis.sluiceTestKafkaDir = dir
}
