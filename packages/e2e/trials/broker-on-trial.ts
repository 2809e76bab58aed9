/** A broker of its own for a trial, in a process of its own; it may tell clients to come through a proxy. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePorts } from './free-ports.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const KAFKA = path.join(ROOT, 'deploy/dev/kafka.sh')
const START_TIMEOUT_MS = 60_000

export interface BrokerOnTrial {
  readonly name: string
  readonly port: number
  /** Kills it (SIGKILL) and starts it again on what it had; embedded only. */
  killAndRestart(): Promise<void>
  stop(): Promise<void>
}

/** Why Apache Kafka cannot be tried here; null when it can. */
export function whyNoApacheKafka(): string | null {
  const missing = ['java', 'mvn'].filter((tool) => spawnSync('which', [tool]).status !== 0)
  return missing.length === 0 ? null : `${missing.join(' and ')} not found`
}

/** @param configs broker settings */
export async function startApacheKafka(
  version: string,
  advertisedPort?: number,
  configs: Readonly<Record<string, string>> = {},
): Promise<BrokerOnTrial> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-trial-kafka-'))
  const port = await freePorts(2)
  const advertised = `advertised.listeners=PLAINTEXT://127.0.0.1:${advertisedPort ?? port}`
  const given = Object.entries(configs).map(([name, value]) => `${name}=${value}`)
  execFileSync('bash', [KAFKA, 'start', dir, String(port), version, advertised, ...given], { stdio: 'pipe' })
  const stop = async (): Promise<void> => {
    spawnSync('bash', [KAFKA, 'stop', dir])
    fs.rmSync(dir, { recursive: true, force: true })
  }
  const killAndRestart = (): Promise<void> => Promise.reject(new Error('Apache Kafka is not killed here'))
  return { name: `Apache Kafka ${version}`, port, killAndRestart, stop }
}

/**
 * @param configs broker settings in Kafka's words
 * @param folder for its logs, which the caller removes; otherwise they are gone when it has stopped
 */
export async function startEmbedded(
  advertisedPort?: number,
  configs: Readonly<Record<string, string>> = {},
  folder?: string,
): Promise<BrokerOnTrial> {
  const dir = folder ?? fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-trial-kafka-'))
  const port = await freePorts(1)
  const where = ['--port', String(port), '--advertised-port', String(advertisedPort ?? port), '--dir', dir]
  const given = Object.entries(configs).flatMap(([name, value]) => ['--config', `${name}=${value}`])
  const command = ['--conditions=@sluice/source', 'packages/cli/src/main.ts', 'kafka', ...where, ...given]
  let broker = await startProcess(command)
  const killAndRestart = async (): Promise<void> => {
    await broker.end('SIGKILL')
    broker = await startProcess(command)
  }
  const stop = async (): Promise<void> => {
    await broker.end('SIGTERM')
    if (folder === undefined) fs.rmSync(dir, { recursive: true, force: true })
  }
  return { name: 'embedded Kafka', port, killAndRestart, stop }
}

async function startProcess(command: readonly string[]): Promise<{ end(signal: NodeJS.Signals): Promise<void> }> {
  const child = spawn(process.execPath, command, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the embedded broker did not start')), START_TIMEOUT_MS)
    child.stdout.on('data', (text: Buffer) => {
      if (!text.toString().includes('127.0.0.1:')) return
      clearTimeout(timer)
      resolve()
    })
    child.once('exit', (code) => reject(new Error(`the embedded broker ended with ${code}`)))
  })
  return {
    end: async (signal) => {
      child.kill(signal)
      await ended
    },
  }
}
