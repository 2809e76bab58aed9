export default async function stop() {
  const broker = globalThis.sluiceTestKafka
  if (broker === undefined || broker.exitCode !== null) return
  const ended = new Promise((resolve) => broker.once('exit', resolve))
  broker.kill('SIGTERM')
  await ended
}
