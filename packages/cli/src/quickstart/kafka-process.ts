import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { SluiceError } from '@sluice/sdk'

const SCRIPT = fileURLToPath(new URL('../../../../deploy/dev/kafka.sh', import.meta.url))
const START_TIMEOUT_MS = 180_000
const STOP_TIMEOUT_MS = 20_000

/** An Apache Kafka that belongs to this process: it ends when `stop` is called, and also when this process dies of anything. */
export interface KafkaProcess {
  readonly address: string
  stop(): Promise<void>
}

/**
 * Starts a broker from Maven's jars (fetched once) with its data below `dir`. It runs in a session of its own, so that Ctrl-C
 * reaches us first and the broker last.
 * @throws SluiceError KAFKA_UNREACHABLE saying what to install, or what the broker said
 */
export async function startKafka(dir: string, signal: AbortSignal): Promise<KafkaProcess> {
  const missing = ['java', 'mvn', 'bash'].filter((tool) => spawnSync('which', [tool]).status !== 0)
  if (missing.length > 0) {
    throw new SluiceError('KAFKA_UNREACHABLE', `Apache Kafka cannot be started: ${missing.join(' and ')} not found`, {
      remedy:
        'Install a JDK 17 and Maven (Debian: apt-get install openjdk-17-jdk-headless maven; macOS: brew install openjdk@17 maven) and run this again.',
    })
  }
  fs.mkdirSync(dir, { recursive: true })
  const port = await freePortPair()
  const log = fs.openSync(path.join(dir, 'start.log'), 'a')
  const child = spawn('bash', [SCRIPT, 'hold', dir, String(port)], {
    detached: true,
    stdio: ['pipe', 'pipe', log],
    env: { KAFKA_HEAP: '512m', ...process.env },
  })
  fs.closeSync(log)
  const stop = (): Promise<void> => stopChild(child)
  try {
    const address = await firstLine(child, signal)
    return { address, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function firstLine(child: ChildProcess, signal: AbortSignal): Promise<string> {
  const settled = new AbortController()
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const refuse = (why: string, cause?: unknown): void =>
    reject(
      new SluiceError('KAFKA_UNREACHABLE', `Apache Kafka did not start: ${why}`, {
        cause,
        remedy:
          'Look into start.log and broker.log below the kafka folder; the first start needs Maven to reach its repository.',
      }),
    )
  const timer = setTimeout(() => refuse(`no answer within ${START_TIMEOUT_MS / 1000} s`), START_TIMEOUT_MS)
  const interrupt = (): void => reject(new SluiceError('INTERRUPTED', 'Interrupted while Kafka was starting'))
  signal.addEventListener('abort', interrupt, { signal: settled.signal })
  if (signal.aborted) interrupt()
  child.once('error', (cause) => refuse('the script could not be run', cause))
  child.once('exit', (code) => refuse(`the script ended with status ${code}`))
  let text = ''
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    const end = text.indexOf('\n')
    if (end !== -1) resolve(text.slice(0, end).trim())
  })
  return promise.finally(() => {
    clearTimeout(timer)
    settled.abort()
  })
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<boolean>((resolve) => child.once('exit', () => resolve(true)))
  child.stdin!.end()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), STOP_TIMEOUT_MS)))
  const inTime = await Promise.race([ended, late])
  clearTimeout(timer)
  // The whole session that the script leads, broker included.
  if (!inTime && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
}

/** A free port whose successor is free too: the broker's own, and its controller's. */
async function freePortPair(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = await listenOnce(0)
    if (port !== null && port < 65_535 && (await listenOnce(port + 1)) !== null) return port
  }
  throw new SluiceError('KAFKA_UNREACHABLE', 'No two neighbouring ports are free on 127.0.0.1')
}

function listenOnce(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.once('error', () => resolve(null))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : null))
    })
  })
}
