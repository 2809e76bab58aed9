// Before the integration tests: use the Kafka named by SLUICE_TEST_KAFKA, else start an embedded broker for them. The tests themselves
// look at SLUICE_TEST_KAFKA only.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const START_TIMEOUT_MS = 30_000

export default async function start() {
  const given = process.env.SLUICE_TEST_KAFKA
  if (given) {
    console.log(`\nsluice: the integration tests use the Kafka at ${given}\n`)
    return
  }
  const main = path.join(root, 'packages/cli/src/main.ts')
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-test-kafka-'))
  const broker = spawn(process.execPath, ['--conditions=@sluice/source', main, 'kafka', '--port', '0', '--dir', dir], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  globalThis.sluiceTestKafka = { broker, dir }
  process.env.SLUICE_TEST_KAFKA = await new Promise((resolve, reject) => {
    let said = ''
    const timer = setTimeout(() => reject(new Error(`the embedded Kafka did not start: ${said}`)), START_TIMEOUT_MS)
    broker.stdout.on('data', (text) => {
      said += text
      const address = /^127\.0\.0\.1:\d+$/m.exec(said)
      if (address === null) return
      clearTimeout(timer)
      resolve(address[0])
    })
    broker.once('exit', (code) => reject(new Error(`the embedded Kafka ended with status ${code}: ${said}`)))
  })
  console.log(`\nsluice: the integration tests use an embedded Kafka at ${process.env.SLUICE_TEST_KAFKA}\n`)
}
