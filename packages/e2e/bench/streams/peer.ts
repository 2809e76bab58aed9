/** Kafka Streams on the same topics as ours: StreamsPeer.java, compiled once. */
import { execFile, execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Kafka } from '@sluice/kafka'
import { whyNoApacheKafka } from '../../trials/broker-on-trial.ts'
import { KEPT, PARTITIONS } from './topics.ts'

const KAFKA_SH = fileURLToPath(new URL('../../../../deploy/dev/kafka.sh', import.meta.url))
const PROGRAM = fileURLToPath(new URL('StreamsPeer.java', import.meta.url))
const TIMEOUT_MS = 300_000

export const PEER = 'Kafka Streams 4.3.1'

export interface PeerCost {
  readonly startCpuSeconds: number
  readonly startMs: number
  readonly workCpuSeconds: number
  /** Of all the work, were all of it done as its second half. */
  readonly warmCpuSeconds: number
  readonly memoryMiB: number
}

export class StreamsPeer {
  readonly #classPath: string
  readonly #folder: string
  #runs = 0

  private constructor(folder: string, jars: string) {
    this.#folder = folder
    this.#classPath = `${folder}/classes:${jars}/*`
  }

  /** Null where it cannot be run, which is said. */
  static open(): StreamsPeer | null {
    const why = whyNoApacheKafka()
    if (why !== null) {
      console.log(`  ${PEER} is not here (${why}): not run`)
      return null
    }
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-streams-'))
    const jars = execFileSync('bash', [KAFKA_SH, 'jars', '4.3.1'], { encoding: 'utf8' }).trim()
    execFileSync('javac', ['-nowarn', '-cp', `${jars}/*`, '-d', path.join(folder, 'classes'), PROGRAM])
    return new StreamsPeer(folder, jars)
  }

  /** Null when it fails, which is said: a peer that stumbles is no reason to be without our figures. */
  async run(
    kafka: Kafka,
    address: string,
    topology: string,
    guarantee: string,
    count: number,
  ): Promise<PeerCost | null> {
    const id = `peer-${this.#runs++}-${topology}`
    await kafka.admin.ensureTopics([{ topic: `${id}-out`, partitions: PARTITIONS, configs: KEPT }])
    const state = path.join(this.#folder, id)
    const args = [address, topology, guarantee, id, state, String(inputsOf(topology, count))]
    const options = ['-Xmx1g', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error']
    try {
      const { stdout } = await promisify(execFile)(
        'java',
        [...options, '-cp', this.#classPath, 'StreamsPeer', ...args],
        { timeout: TIMEOUT_MS, killSignal: 'SIGKILL' },
      )
      return JSON.parse(stdout.trim().split('\n').at(-1)!) as PeerCost
    } catch (error) {
      console.log(`  ${PEER} could not run ${topology}, ${guarantee}: ${String(error).slice(-300)}`)
      return null
    } finally {
      fs.rmSync(state, { recursive: true, force: true })
    }
  }

  close(): void {
    fs.rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** A repartition topic is read as well. */
function inputsOf(topology: string, count: number): number {
  return topology === 'repartition' || topology === 'stream-stream' ? 2 * count : count
}
