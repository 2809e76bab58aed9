/** A broker for the benchmarks, in a process of its own: `embedded-broker.ts DIR`. Says how long it took to be ready, and what it weighs. */
const before = process.memoryUsage().rss
const { startEmbeddedKafka } = await import('@sluice/embedded-kafka')
const since = performance.now()
const broker = await startEmbeddedKafka({ dataDir: process.argv[2]! })
const readyMs = performance.now() - since
const rssMb = (process.memoryUsage().rss - before) / 2 ** 20
process.stdout.write(`${JSON.stringify({ address: broker.bootstrapServers, readyMs, rssMb })}\n`)
