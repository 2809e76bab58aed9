import path from 'node:path'
import type { Kafka } from '@sluice/kafka'
import { describeError, type Clock, type Logger, type RawSettings } from '@sluice/sdk'
import type { Catalogue, WorkerSeen } from '../catalogue/catalogue.ts'
import { CellHost, type CellHostOptions } from '../cells/cell-host.ts'
import type { CellMeasures, LogLevel } from '../cells/cell-protocol.ts'
import type { WorkSettings } from '../cells/work-environment.ts'
import { HerderError } from '../herder/herder.ts'
import type { WorkerClient } from '../rest/worker-client.ts'
import type { DescribedProcessor } from './described.ts'
import { LastLines } from './last-lines.ts'
import type { ProcessorGiven } from './processor-environment.ts'
import { ProcessorRunner } from './processor-runner.ts'
import { ProcessorService, type WorkerLine } from './processor-service.ts'
import { ProcessorShelf } from './processor-shelf.ts'
import { StatusTeller } from './status-teller.ts'

export interface ProcessorsParts {
  /** Of cells. */
  readonly cells: Pick<
    CellHostOptions,
    'isolation' | 'watch' | 'sharedMax' | 'requestTimeoutMs' | 'silenceMaxMs' | 'logLevel'
  >
  /** Begun at once, in the background, and again until it is there. */
  readonly openCatalogue: () => Promise<Catalogue>
  /** Package names, or paths. */
  readonly modules: readonly string[]
  /** The worker's settings, as in its properties file. */
  readonly settings: RawSettings
  readonly resolve: (config: RawSettings) => Promise<WorkSettings>
  /** The worker's own, for what runs in its process. */
  readonly kafka: Kafka
  readonly worker: string
  readonly url: string
  /** Groups that no application may be, by whose they are. */
  readonly taken: ReadonlyMap<string, string>
  readonly client: WorkerClient
  /** What instances that stop together are given. */
  readonly stopMs: number
  readonly clock: Clock
  readonly logger: Logger
}

/** Compiled or not, as this file. */
const ENVIRONMENT = new URL(`processor-environment${path.extname(import.meta.url)}`, import.meta.url).href
const RETRY_MS = 10_000
/** How long a request waits for a catalogue that is being read. */
const READY_MS = 10_000
const STOP_MS = 5_000

/** Processors of a worker, from the catalogue to the cells. A worker that cannot reach its catalogue runs connectors all the same. */
export class Processors {
  readonly #parts: ProcessorsParts
  readonly #lines: LastLines
  readonly #shelf: ProcessorShelf
  readonly #host: CellHost
  readonly #ending = new AbortController()
  readonly #opened = Promise.withResolvers<ProcessorService>()
  readonly #opening: Promise<void>
  #runner: ProcessorRunner | null = null
  #teller: StatusTeller | null = null
  #catalogue: Catalogue | null = null
  /** Why it is not there yet. */
  #reason: string | null = null
  #isOpen = false

  constructor(parts: ProcessorsParts) {
    this.#parts = parts
    this.#lines = new LastLines(parts.clock)
    this.#shelf = new ProcessorShelf(
      parts.modules.map((module) => (/^\.{1,2}\//.test(module) ? path.resolve(module) : module)),
    )
    this.#host = this.#makeHost()
    this.#opening = this.#open()
  }

  /** @throws HerderError 503 with the reason while the catalogue cannot be read, or when it is not read any more */
  async service(): Promise<ProcessorService> {
    if (this.#isOpen) return this.#upToDate()
    if (this.#reason === null) {
      const over = new AbortController()
      await Promise.race([this.#opened.promise, this.#parts.clock.sleep(READY_MS, over.signal)])
      over.abort()
    }
    if (this.#isOpen) return this.#upToDate()
    throw new HerderError(503, `Processors are not there yet: ${this.#reason ?? 'their catalogue is being read'}`)
  }

  metrics(): Promise<CellMeasures> {
    return this.#host.metrics()
  }

  setLogLevel(level: LogLevel): void {
    this.#host.setLogLevel(level)
  }

  /** Instances stop in order, and the others are told that they are gone. */
  async stop(): Promise<void> {
    this.#ending.abort()
    // A broker that does not answer does not keep a worker from stopping.
    await this.#atMost(STOP_MS, this.#opening)
    await this.#runner?.stop()
    await this.#host.stop(this.#parts.stopMs)
    await this.#teller?.stop()
    await this.#atMost(STOP_MS, this.#catalogue?.close())
  }

  /** What was true once is told to nobody: of a topic that was made anew, or cut, nothing more is heard. */
  #upToDate(): Promise<ProcessorService> {
    try {
      this.#catalogue?.check()
    } catch (cause) {
      const why = describeError(cause)
      throw new HerderError(503, `Processors cannot be seen or changed until this worker is started again: ${why}`, {
        cause,
      })
    }
    return this.#opened.promise
  }

  async #atMost(timeoutMs: number, work: Promise<void> | undefined): Promise<void> {
    const over = new AbortController()
    await Promise.race([work, this.#parts.clock.sleep(timeoutMs, over.signal)])
    over.abort()
  }

  async #open(): Promise<void> {
    const { openCatalogue, clock, logger } = this.#parts
    const { signal } = this.#ending
    while (!signal.aborted) {
      try {
        const catalogue = await openCatalogue()
        // It came too late.
        if (signal.aborted) return await catalogue.close()
        this.#catalogue = catalogue
        return this.#begin(catalogue)
      } catch (error) {
        if (signal.aborted) return
        this.#reason = describeError(error)
        logger.warn('The catalogue of processors cannot be read, and is tried again', { error: this.#reason })
        await clock.sleep(RETRY_MS, signal)
      }
    }
  }

  #begin(catalogue: Catalogue): void {
    const { worker, url, resolve, taken, stopMs, clock, logger } = this.#parts
    const [host, shelf, lines] = [this.#host, this.#shelf, this.#lines]
    const teller = new StatusTeller({ catalogue, worker, url, processors: shelf.names, clock, logger })
    const runner = new ProcessorRunner({ catalogue, host, shelf, teller, lines, resolve, stopMs, clock, logger })
    this.#teller = teller
    this.#runner = runner
    teller.start()
    runner.start()
    this.#isOpen = true
    this.#opened.resolve(
      new ProcessorService({
        catalogue,
        shelf,
        lines,
        worker,
        describe: async (config) =>
          (await host.describe({ ...config, 'connector.class': config['processor.class']! })) as DescribedProcessor,
        taken,
        linesOf: (other, name, count, authorization) => this.#linesOf(other, name, count, authorization),
        clock,
        logger,
      }),
    )
  }

  #makeHost(): CellHost {
    const { cells, settings, modules: _, worker: workerId, resolve, kafka, clock, logger } = this.#parts
    const given: ProcessorGiven = { worker: settings, modules: this.#shelf.all.map(({ module }) => module), workerId }
    const nobody = async (): Promise<void> => undefined
    return new CellHost({
      ...cells,
      noun: 'processor',
      module: ENVIRONMENT,
      given,
      inline: async () => {
        const { ProcessorEnvironment } = await import('./processor-environment.ts')
        return new ProcessorEnvironment({ given, resolve, kafka: async () => kafka, close: nobody, logger })
      },
      events: {
        connectorState: () => undefined,
        taskState: (id, state, trace, version) => this.#runner?.taskState(id, state, trace, version),
        reconfigurationRequested: () => undefined,
        topicUsed: () => undefined,
      },
      guard: { fence: nobody, verify: nobody },
      // A processor is loaded in a quarter of a second, and rarely: none waits for it.
      spareCells: 0,
      logger: this.#lines.logger(logger),
      clock,
    })
  }

  async #linesOf(
    other: WorkerSeen,
    name: string,
    count: number,
    authorization: string | null,
  ): Promise<readonly WorkerLine[]> {
    const url = `${other.url}v1/processors/${encodeURIComponent(name)}/logs?lines=${count}&forward=false`
    const headers: Record<string, string> = authorization === null ? {} : { Authorization: authorization }
    const { body } = await this.#parts.client.send({ url, method: 'GET', headers, body: new Uint8Array(0) })
    const { lines } = JSON.parse(body.toString()) as {
      readonly lines: readonly (Omit<WorkerLine, 'worker'> & { readonly worker_id: string })[]
    }
    return lines.map(({ worker_id: worker, ...line }) => ({ ...line, worker }))
  }
}
