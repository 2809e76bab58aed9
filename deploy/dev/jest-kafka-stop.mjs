import fs from 'node:fs'

export default async function stop() {
  const { broker, dir } = globalThis.sluiceTestKafka ?? {}
  if (broker === undefined) return
  if (broker.exitCode === null) {
    const ended = new Promise((resolve) => broker.once('exit', resolve))
    broker.kill('SIGTERM')
    await ended
  }
  fs.rmSync(dir, { recursive: true, force: true })
}
