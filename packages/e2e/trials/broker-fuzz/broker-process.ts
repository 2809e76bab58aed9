/** The broker on trial, in a process of its own: if it dies, the trial sees it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedKafka } from '@sluice/embedded-kafka'

// On disk: what requests wrote is not memory that grows.
const dataDir = mkdtempSync(join(tmpdir(), 'broker-fuzz-'))
process.on('exit', () => rmSync(dataDir, { recursive: true, force: true }))

const failures = new Map<string, number>()
const kafka = await startEmbeddedKafka({
  dataDir,
  configs: { 'num.partitions': '3', 'connections.max.idle.ms': '20000' },
  log(level, message) {
    // What a client did wrong is a warning; an error is the broker's own.
    if (level === 'error') failures.set(message, (failures.get(message) ?? 0) + 1)
  },
})

process.on('message', (message) => {
  if (message === 'report') {
    globalThis.gc?.()
    const { rss, heapUsed, external } = process.memoryUsage()
    process.send!({
      rss,
      live: heapUsed + external,
      heldBytes: kafka.heldBytes,
      connections: kafka.connectionCount,
      failures: [...failures],
    })
  } else process.exit(0)
})
process.on('disconnect', () => process.exit(0))
process.send!({ port: kafka.addresses[0]!.port })
