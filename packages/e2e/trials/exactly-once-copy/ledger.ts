/** Counts, by a reader that shares no code with the copier, what arrived: every record of the source has its number. */
import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { whyNoApacheKafka } from '../broker-on-trial.ts'
import { readToEnd } from '../read-to-end.ts'
import { TRANSACTION_HEADER } from './copier-job.ts'

export interface Ledger {
  readonly reader: string
  readonly lost: number
  readonly twice: number
  /** Records of a partition that come before one of a smaller number. */
  readonly disordered: number
  /** Records of transactions that the copier's journal calls aborted. */
  readonly aborted: number
}

interface Expected {
  readonly bootstrap: string
  readonly target: string
  readonly records: number
  readonly partitions: number
  /** Transactions that were certainly aborted. */
  readonly abortedTransactions: ReadonlySet<string>
}

const SCRIPT = fileURLToPath(new URL('../../../../deploy/dev/kafka.sh', import.meta.url))
/** A reader that has got nothing for so long has got all. */
const QUIET_MS = 5000

type Take = (partition: number, value: string, transaction: string) => void

/** Reads the target with read_committed: by Java's console consumer where there is a Java, else by kafkajs. */
export async function readLedger(expected: Expected): Promise<Ledger> {
  const { records, partitions, abortedTransactions } = expected
  const seen = new Uint8Array(records)
  const last = Array.from({ length: partitions }, () => -1)
  let disordered = 0
  let aborted = 0
  const take: Take = (partition, value, transaction) => {
    const number = Number(value)
    seen[number]!++
    if (number <= last[partition]!) disordered++
    last[partition] = number
    if (abortedTransactions.has(transaction)) aborted++
  }
  const hasJava = whyNoApacheKafka() === null
  if (hasJava) await readByJava(expected, take)
  else await readByKafkajs(expected, take)
  const reader = hasJava ? "Java's ConsoleConsumer" : 'kafkajs (no Java here)'
  const lost = seen.filter((count) => count === 0).length
  return { reader, lost, twice: seen.reduce((sum, count) => sum + Math.max(0, count - 1), 0), disordered, aborted }
}

async function readByJava({ bootstrap, target }: Expected, take: Take): Promise<void> {
  const jars = spawnSync('bash', [SCRIPT, 'jars'], { encoding: 'utf8' }).stdout.trim()
  const quiet = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=off']
  const tool = ['-cp', `${jars}/*`, ...quiet, 'org.apache.kafka.tools.consumer.ConsoleConsumer']
  const what = [
    '--bootstrap-server',
    bootstrap,
    '--topic',
    target,
    '--from-beginning',
    '--timeout-ms',
    String(QUIET_MS),
  ]
  const print = ['partition', 'headers'].flatMap((name) => ['--formatter-property', `print.${name}=true`])
  const isolation = ['--isolation-level', 'read_committed']
  const child = spawn('java', [...tool, ...what, ...isolation, ...print], { stdio: ['ignore', 'pipe', 'ignore'] })
  for await (const line of createInterface({ input: child.stdout })) {
    const parts = /^Partition:(\d+)\t(?:[^\t]*:)?([^\t]*)\t(\d+)$/.exec(line)
    if (parts !== null) take(Number(parts[1]), parts[3]!, parts[2]!)
  }
}

function readByKafkajs({ bootstrap, target }: Expected, take: Take): Promise<void> {
  return readToEnd(bootstrap, [target], ({ partition, messages }) => {
    for (const { value, headers } of messages)
      take(partition, value!.toString(), headers?.[TRANSACTION_HEADER]?.toString() ?? '')
  })
}
