import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Program } from './program.ts'

export { hasJava } from '../../support/java.ts'

const KAFKA_SH = fileURLToPath(new URL('../../../../../deploy/dev/kafka.sh', import.meta.url))
const DOWNLOAD_TIMEOUT_MS = 300_000
const COMPILE_TIMEOUT_MS = 60_000

/** Releases of Apache Kafka whose clients are tried. */
export const CLIENT_RELEASES = ['4.3.1', '3.9.2'] as const
export type ClientRelease = (typeof CLIENT_RELEASES)[number]

// Small and short-lived: the machine that runs the tests has few cores and more than one of these.
const OPTIONS = [
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
]

const folders = new Map<ClientRelease, string>()

/** The class path of a release: downloads it once. */
function jars(release: ClientRelease): string {
  let folder = folders.get(release)
  if (folder === undefined) {
    const options = { encoding: 'utf8', timeout: DOWNLOAD_TIMEOUT_MS } as const
    folder = execFileSync('bash', [KAFKA_SH, 'jars', release], options).trim()
    folders.set(release, folder)
  }
  return path.join(folder, '*')
}

export interface JavaOptions {
  readonly onLine?: (line: string) => void
  /** Where `compile` put the program. */
  readonly classes?: string
}

/** Starts a class with Kafka's jars. */
export function startJava(
  release: ClientRelease,
  program: string,
  args: readonly string[],
  { onLine, classes }: JavaOptions = {},
): Program {
  const classPath = classes === undefined ? jars(release) : `${jars(release)}:${classes}`
  const name = `${program} of ${release}`
  return new Program(name, 'java', [...OPTIONS, '-cp', classPath, program, ...args], onLine)
}

/** Compiles a source file beside the tests; the classes go into `folder`. */
export function compile(release: ClientRelease, source: string, folder: string): void {
  const file = fileURLToPath(new URL(`../${source}`, import.meta.url))
  execFileSync('javac', ['-proc:none', '-cp', jars(release), '-d', folder, file], { timeout: COMPILE_TIMEOUT_MS })
}
