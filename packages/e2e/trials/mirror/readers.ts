/** Java's consumers, as members of groups or without: see Readers.java. */
import { execFile, execFileSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const KAFKA_SH = fileURLToPath(new URL('../../../../deploy/dev/kafka.sh', import.meta.url))
const TIMEOUT_MS = 120_000
const OUTPUT_BYTES_MAX = 512 * 1024 * 1024
/** Stands for a reader without a group, which reads everything. */
export const EVERYTHING = '-'

export interface ReadRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Its value: the number of the order. */
  readonly name: string
  /** Everything that a mirror must not change. */
  readonly bytes: string
}

export interface Place {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface Readings {
  /** By group, in the order of each partition. */
  readonly records: ReadonlyMap<string, readonly ReadRecord[]>
  /** By group, where the checkpoints say that it goes on. */
  readonly checkpoints: ReadonlyMap<string, readonly Place[]>
}

/** @param alias of the mirror whose checkpoints are read */
export async function read(
  bootstrap: string,
  topics: readonly string[],
  groups: readonly string[],
  alias = 'none',
): Promise<Readings> {
  const jars = execFileSync('bash', [KAFKA_SH, 'jars', '4.3.1'], { encoding: 'utf8' }).trim()
  const options = ['-Xmx1g', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error']
  const program = path.join(import.meta.dirname, 'Readers.java')
  const { stdout } = await promisify(execFile)(
    'java',
    [...options, '-cp', `${jars}/*`, program, bootstrap, topics.join(','), alias, ...groups],
    { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX },
  )
  const records = new Map(groups.map((group) => [group, [] as ReadRecord[]]))
  const checkpoints = new Map(groups.map((group) => [group, [] as Place[]]))
  for (const line of stdout.trimEnd().split('\n')) {
    const [kind, group = '', topic = '', partition, offset, name = '', bytes = ''] = line.split('\t')
    const place = { topic, partition: Number(partition), offset: Number(offset) }
    if (kind === 'record') records.get(group)!.push({ ...place, name, bytes })
    else if (kind === 'checkpoint') checkpoints.get(group)!.push(place)
  }
  return { records, checkpoints }
}
