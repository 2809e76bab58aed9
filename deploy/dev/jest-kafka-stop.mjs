import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))

export default function stop() {
  const dir = globalThis.sluiceTestKafkaDir
  if (dir === undefined) return
  spawnSync('bash', [path.join(here, 'kafka.sh'), 'stop', dir], { stdio: 'inherit' })
  fs.rmSync(dir, { recursive: true, force: true })
}
