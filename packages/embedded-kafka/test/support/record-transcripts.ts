/**
 * Records what Apache Kafka answers to the scripts, for tests that have none:
 *     node --conditions=@sluice/source test/support/record-transcripts.ts PORT
 */
import { writeFileSync } from 'node:fs'
import { ADMIN_SCRIPTS, runAdminScript } from '../admin/admin-scripts.ts'
import { GROUP_SCRIPTS, runGroupScript } from '../groups/group-scripts.ts'
import { SCRIPTS, runScript } from '../transactions/transaction-scripts.ts'

const port = Number(process.argv[2])
const suffix = Date.now().toString(36)
const transactions: Record<string, string[]> = {}
const admin: Record<string, string[]> = {}
const groups: Record<string, string[]> = {}
for (const title of Object.keys(SCRIPTS)) transactions[title] = await runScript(port, title, suffix)
for (const title of Object.keys(ADMIN_SCRIPTS)) admin[title] = await runAdminScript(port, title, suffix, 1000)
for (const title of Object.keys(GROUP_SCRIPTS)) groups[title] = await runGroupScript(port, title, suffix, '127.0.0.1')
for (const [folder, transcripts] of Object.entries({ transactions, admin, groups })) {
  const path = new URL(`../${folder}/apache-kafka-4-3-1.json`, import.meta.url)
  writeFileSync(path, JSON.stringify(transcripts, undefined, 2) + '\n')
}
