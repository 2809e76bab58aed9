/**
 * Records what a secured Apache Kafka answers to the scripts, for tests that have none:
 *     bash deploy/dev/secured-kafka.sh start DIR PORT 4.3.1 super.users=User:ANONYMOUS connections.max.reauth.ms=3000 \
 *       authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
 *     node --conditions=@sluice/source test/security/record-transcripts.ts PORT
 */
import { writeFileSync } from 'node:fs'
import { RawClient } from '../support/raw-client.ts'
import { SECURITY_SCRIPTS, runSecurityScript } from './security-scripts.ts'

const port = Number(process.argv[2])
const broker = { admin: () => RawClient.open(port), saslPort: port + 2, settleMs: 500 }
const suffix = Date.now().toString(36)
const transcripts: Record<string, string[]> = {}
for (const title of SECURITY_SCRIPTS) {
  // Coordinators are ready only after they were asked for.
  await runSecurityScript(broker, title, `${suffix}-warm`)
  transcripts[title] = await runSecurityScript(broker, title, suffix)
}
const path = new URL('apache-kafka-4-3-1.json', import.meta.url)
writeFileSync(path, JSON.stringify(transcripts, undefined, 2) + '\n')
