/** Kafka Connect's own converters, asked many things at once. Needs java and Kafka's jars. */
import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import type { VectorError, VectorSchema, VectorValue } from '../support/connect-vectors.ts'

const KAFKA_SH = path.join(import.meta.dirname, '../../../../deploy/dev/kafka.sh')
const TIMEOUT_MS = 120_000
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024

export const hasJava: boolean = ['java', 'mvn'].every((tool) => spawnSync('which', [tool]).status === 0)

/** A question, and with its outcome the answer. */
export interface PeerCase {
  readonly class: string
  readonly config: Readonly<Record<string, string>>
  readonly direction: 'from_connect' | 'to_connect'
  readonly schema?: VectorSchema | null
  readonly value?: VectorValue | null
  readonly bytes?: string | null
  readonly error?: VectorError
}

/** The answers, in the order of the questions. */
export function askJava(questions: readonly PeerCase[]): readonly PeerCase[] {
  const jars = execFileSync('bash', [KAFKA_SH, 'jars'], { encoding: 'utf8' }).trim()
  const options = ['-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=off', '-cp', `${jars}/*`]
  const answers = execFileSync('java', [...options, path.join(import.meta.dirname, 'ConnectPeer.java')], {
    input: questions.map((each) => `${JSON.stringify(each)}\n`).join(''),
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    maxBuffer: OUTPUT_BYTES_MAX,
  })
  return answers
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as PeerCase)
}
