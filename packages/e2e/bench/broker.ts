import { execFileSync, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { whyNoApacheKafka } from '../trials/broker-on-trial.ts'
import { freePorts } from '../trials/free-ports.ts'

const SCRIPT = fileURLToPath(new URL('../../../deploy/dev/kafka.sh', import.meta.url))
const EMBEDDED = fileURLToPath(new URL('embedded-broker.ts', import.meta.url))

/** A broker in a process of its own, which ends with this one. */
export interface BenchBroker {
  readonly name: string
  readonly address: string
  readonly pid: number
  end(): void
}

/** An embedded broker, and Apache Kafka where there is a Java; its absence is said aloud. */
export async function brokersForBench(): Promise<readonly BenchBroker[]> {
  const apache = await startApacheKafka()
  return [...(apache === null ? [] : [apache]), await startEmbedded()]
}

/** The address of the Kafka at SLUICE_TEST_KAFKA, or of an embedded one started for this process. */
export async function brokerForBench(): Promise<string> {
  return process.env['SLUICE_TEST_KAFKA'] ?? (await startEmbedded()).address
}

/** Null where there is no Java. */
export async function startApacheKafka(): Promise<BenchBroker | null> {
  const why = whyNoApacheKafka()
  if (why !== null) {
    console.log(`  Apache Kafka is not here (${why}): not run`)
    return null
  }
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-kafka-'))
  const port = await freePorts(2)
  const address = execFileSync('bash', [SCRIPT, 'start', dir, String(port)], { encoding: 'utf8' }).trim()
  const end = once(() => {
    spawnSync('bash', [SCRIPT, 'stop', dir])
    fs.rmSync(dir, { recursive: true, force: true })
  })
  return { name: 'Apache Kafka 4.3', address, pid: Number(fs.readFileSync(path.join(dir, 'pid'), 'utf8')), end }
}

/** In `dir`, or in a folder that goes with it. */
export async function startEmbedded(
  dir?: string,
): Promise<BenchBroker & { readonly readyMs: number; readonly rssMb: number }> {
  const dataDir = dir ?? fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-kafka-'))
  const child = spawn(process.execPath, ['--conditions=@sluice/source', EMBEDDED, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (text: Buffer) => resolve(text.toString()))
    child.once('exit', (code) => reject(new Error(`the embedded broker ended with ${code}`)))
  })
  const said = JSON.parse(line) as { address: string; readyMs: number; rssMb: number }
  const end = once(() => {
    child.kill('SIGKILL')
    if (dir === undefined) fs.rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
  })
  return { name: 'embedded Kafka', ...said, pid: child.pid!, end }
}

/** User and system time of another process of this machine, in seconds; undefined where /proc is not there. */
export function cpuSecondsOf(pid: number): number | undefined {
  try {
    const fields = fs
      .readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return undefined
  }
}

/** Runs at the call, or when this process ends. */
function once(run: () => void): () => void {
  let isDone = false
  const end = (): void => {
    if (isDone) return
    isDone = true
    process.off('exit', end)
    run()
  }
  process.once('exit', end)
  return end
}
