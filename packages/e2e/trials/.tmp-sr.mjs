import { startApacheKafka, whyNoApacheKafka } from './broker-on-trial.ts'
import { spawn } from 'node:child_process'
console.log('why', whyNoApacheKafka())
const b = await startApacheKafka('4.3.1')
console.log('port', b.port)
try {
  const code = await new Promise((r) => spawn('timeout', ['200', 'npm', 'test', '--', 'packages/schema-registry/test/registry.integration', '--selectProjects', 'integration'], { stdio: 'inherit', env: { ...process.env, SLUICE_TEST_KAFKA: `127.0.0.1:${b.port}` } }).on('exit', r))
  console.log('code', code)
} finally { await b.stop() }
