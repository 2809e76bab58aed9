import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const KAFKA_SH = fileURLToPath(new URL('../../../../deploy/dev/kafka.sh', import.meta.url))
const TIMEOUT_MS = 120_000

/** Whether Java programs of Apache Kafka can be run here. */
export const hasJava: boolean = ['java', 'mvn'].every((tool) => spawnSync('which', [tool]).status === 0)
// Not the console's: Jest keeps that to itself when all tests of a file are skipped.
if (!hasJava) process.stderr.write('Java or Maven is missing: nothing is tried with the programs of Apache Kafka\n')

let folder: string | undefined

/** Runs a class or a single source file with Kafka's jars; what it printed, its own log left out. */
export async function java(program: string, ...args: string[]): Promise<string> {
  folder ??= execFileSync('bash', [KAFKA_SH, 'jars'], { encoding: 'utf8' }).trim()
  const options = ['-Xmx256m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=off', '-cp', `${folder}/*`]
  const { stdout } = await promisify(execFile)('java', [...options, program, ...args], { timeout: TIMEOUT_MS })
  return stdout
}
