import { converters } from '@sluice/codecs'
import { connect } from '@sluice/kafka'
import { defineSettings, defineSink, MemoryMetrics, silentLogger } from '@sluice/sdk'
import { Plugins, StandaloneWorker } from '@sluice/worker'
import { brokerForBench } from '/work/main/packages/e2e/bench/broker.ts'
const broker = await brokerForBench()
const kafka = await connect({ bootstrapServers: broker })
const names = Array.from({length: 50}, (_, i) => 'idle' + i)
await kafka.admin.ensureTopics(names.map(topic => ({ topic, partitions: 1 })))
const sink = defineSink({ name: 'drop', version: '1', documentation: 'x', settings: defineSettings({}), createTask: () => ({ start: async()=>undefined, open: async()=>undefined, put: async()=>undefined, flush: async (p)=>p, close: async()=>undefined, stop: async()=>undefined }) })
const w = await StandaloneWorker.start({ worker: { 'bootstrap.servers': broker, 'key.converter': 'StringConverter', 'value.converter': 'StringConverter', 'offset.storage.file.filename': '/tmp/sinkidle/p.json', ...JSON.parse(process.env['MORE'] ?? '{}') },
  connectors: names.map(name => ({ name, 'connector.class': 'drop', topics: name })), plugins: new Plugins({ connectors: [sink], converters, transforms: [], predicates: [] }), logger: silentLogger, metrics: new MemoryMetrics() })
await new Promise(r => setTimeout(r, 4000))
const c = process.cpuUsage(); 
await new Promise(r => setTimeout(r, 10000))
const u = process.cpuUsage(c)
console.log('idle % of core', (u.user + u.system) / 1e6 / 10 * 100, 'rss', process.memoryUsage().rss / 2**20)
await w.stop(); await kafka.close(); process.exit(0)
