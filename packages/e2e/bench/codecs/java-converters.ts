/** What Kafka Connect's own converters and transforms cost on this machine, by `JavaConverters.java`. */
import { execFileSync, spawnSync, type ExecFileSyncOptionsWithStringEncoding } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const KAFKA = path.join(import.meta.dirname, '../../../../deploy/dev/kafka.sh')
const PROGRAM = path.join(import.meta.dirname, 'JavaConverters.java')
const TIMEOUT_MS = 180_000

/** Microseconds of CPU per call, by its name; empty where Java is not installed, and in the short form, which is too short for its compiler. */
export function javaCosts(short: boolean): ReadonlyMap<string, number> {
  const missing = ['java', 'javac', 'mvn'].filter((tool) => spawnSync('which', [tool]).status !== 0)
  if (missing.length > 0) console.log(`  Java is not here: ${missing.join(' and ')} not found`)
  if (short || missing.length > 0) return new Map()
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-converters-'))
  try {
    const jars = `${execFileSync('bash', [KAFKA, 'jars'], { encoding: 'utf8', timeout: TIMEOUT_MS }).trim()}/*`
    execFileSync('javac', ['-cp', jars, '-d', folder, PROGRAM], { timeout: TIMEOUT_MS })
    const java = ['-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', `${folder}:${jars}`]
    const options: ExecFileSyncOptionsWithStringEncoding = {
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    }
    const lines = execFileSync('java', [...java, 'JavaConverters', '200000'], options)
    return new Map(
      lines
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => {
          const { what, micros } = JSON.parse(line) as { readonly what: string; readonly micros: number }
          return [what, micros] as const
        }),
    )
  } catch (error) {
    console.log(`  Java could not be run: ${(error as Error).message}`)
    return new Map()
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}
