import path from 'node:path'
import type { Kafka } from '@sluice/kafka'
import { describeError, SluiceError, type Clock, type Logger, type RawSettings } from '@sluice/sdk'
import { Catalogue, type CatalogueTable, type Renewal, type WorkerSeen } from '../catalogue/catalogue.ts'
import { CellHost, type CellHostOptions } from '../cells/cell-host.ts'
import { spawnCell } from '../cells/cell-process.ts'
import type { CellMeasures, LogLevel } from '../cells/cell-protocol.ts'
import type { WorkSettings } from '../cells/work-environment.ts'
import { HerderError } from '../herder/herder.ts'
import { cleanError } from '../provided-values.ts'
import type { WorkerClient } from '../rest/worker-client.ts'
import { untilShared } from '../shared-moments.ts'
import type { DescribedProcessor } from './described.ts'
import { applicationOf } from './inspector.ts'
import { LastLines } from './last-lines.ts'
import { PROCESSOR_ENVIRONMENT } from '../programs.ts'
import type { ProcessorGiven } from './processor-environment.ts'
import { lagOf } from './processor-lag.ts'
import { ProcessorRunner } from './processor-runner.ts'
import { ProcessorService, type WorkerLine } from './processor-service.ts'
import { ProcessorShelf } from './processor-shelf.ts'
import { StatusTeller } from './status-teller.ts'
import { FLAGS } from './young-generation.ts'

export interface ProcessorsParts {
  /** Of cells. */
  readonly cells: Pick<
    CellHostOptions,
    'isolation' | 'watch' | 'sharedMax' | 'requestTimeoutMs' | 'silenceMaxMs' | 'logLevel'
  >
  /** Of the catalogue. Begun at once, in the background, and again until it is there; and whenever it has come to an end. */
  readonly openTable: () => Promise<CatalogueTable>
  /** Package names, or paths. */
  readonly modules: readonly string[]
  /** The worker's settings, as in its properties file. */
  readonly settings: RawSettings
  readonly resolve: (config: RawSettings) => Promise<WorkSettings>
  /** The worker's own, for what runs in its process. */
  readonly kafka: Kafka
  readonly worker: string
  readonly url: string
  /** Whose group this is already, beside those of processors; null: nobody's. */
  readonly takenBy: (group: string) => Promise<string | null>
  readonly client: WorkerClient
  /** What instances that stop together are given. */
  readonly stopMs: number
  readonly clock: Clock
  readonly logger: Logger
}

const RETRY_MS = 1_000
const RETRY_MAX_MS = 60_000
/** How often it is seen that the catalogue is still read; and, as a multiple of that, that nothing of it is missing. */
const LOOK_MS = 1_000
const LOOKS_PER_PROBE = 10
/** How long a request waits for a catalogue that is being read. */
const READY_MS = 10_000
const STOP_MS = 5_000
const NAMES_MAX = 10

/** Processors of a worker, from the catalogue to the cells. A worker that cannot reach its catalogue runs connectors all the same. */
export class Processors {
  readonly #parts: ProcessorsParts
  readonly #lines: LastLines
  readonly #shelf: ProcessorShelf
  readonly #host: CellHost
  readonly #ending = new AbortController()
  readonly #opened = Promise.withResolvers<ProcessorService>()
  readonly #reading: Promise<void>
  #runner: ProcessorRunner | null = null
  #teller: StatusTeller | null = null
  #catalogue: Catalogue | null = null
  /** Why it is not there, or not any more; null: it is, or is being read for the first time. */
  #reason: string | null = null
  /** Why what is known of it may be old. */
  #doubt: string | null = null
  /** What became of processors without anybody's asking. */
  #notice: string | null = null

  constructor(parts: ProcessorsParts) {
    this.#parts = parts
    this.#lines = new LastLines(parts.clock)
    this.#shelf = new ProcessorShelf(
      parts.modules.map((module) => (/^\.{1,2}\//.test(module) ? path.resolve(module) : module)),
    )
    this.#host = this.#makeHost()
    this.#reading = this.#read()
  }

  /** @throws HerderError 503 with the reason while the catalogue cannot be read */
  async service(): Promise<ProcessorService> {
    if (this.#catalogue === null && this.#reason === null) {
      const over = new AbortController()
      await Promise.race([this.#opened.promise, this.#parts.clock.sleep(READY_MS, over.signal)])
      over.abort()
    }
    const reason = this.#ended()
    if (reason !== null) throw new HerderError(503, `Processors cannot be seen or changed now: ${reason}`)
    if (this.#catalogue !== null) return this.#opened.promise
    throw new HerderError(503, 'Processors are not there yet: their catalogue is being read')
  }

  /** For health: what is wrong with all of them at once, or was; null: nothing. */
  get complaint(): string | null {
    return this.#trouble() ?? this.#notice
  }

  #trouble(): string | null {
    const reason = this.#ended()
    if (reason !== null) return `Processors cannot be seen or changed now: ${reason}`
    return this.#doubt === null ? null : `What is known of processors may be old: ${this.#doubt}`
  }

  /** The processor that has this application; null: none. */
  ownerOf(application: string): string | null {
    const catalogue = this.#catalogue
    return catalogue?.processors.find((name) => applicationOf(catalogue, name) === application) ?? null
  }

  async metrics(): Promise<CellMeasures> {
    const { samples, figures } = await this.#host.metrics()
    const isRead = this.#catalogue !== null && this.#trouble() === null
    return { samples: [...samples, { name: 'sluice_catalogue_is_read', labels: {}, value: Number(isRead) }], figures }
  }

  setLogLevel(level: LogLevel): void {
    this.#host.setLogLevel(level)
  }

  /** Instances stop in order, and the others are told that they are gone. */
  async stop(): Promise<void> {
    this.#ending.abort()
    // A broker that does not answer does not keep a worker from stopping.
    await this.#atMost(STOP_MS, this.#reading)
    await this.#runner?.stop()
    await this.#host.stop(this.#parts.stopMs)
    await this.#teller?.stop()
    await this.#atMost(STOP_MS, this.#catalogue?.close())
  }

  /** Why it is not read; what was true once is told to nobody: of a topic that was made anew, or cut, nothing more is heard. */
  #ended(): string | null {
    try {
      this.#catalogue?.check()
      return this.#reason
    } catch (error) {
      return this.#reason ?? describeError(error)
    }
  }

  async #atMost(timeoutMs: number, work: Promise<void> | undefined): Promise<void> {
    const over = new AbortController()
    await Promise.race([work, this.#parts.clock.sleep(timeoutMs, over.signal)])
    over.abort()
  }

  /** Opens the catalogue, and again whenever it has come to an end. */
  async #read(): Promise<void> {
    const { openTable, clock, logger } = this.#parts
    const { signal } = this.#ending
    let pauseMs = RETRY_MS
    while (!signal.aborted) {
      try {
        const table = await openTable()
        // It came too late.
        if (signal.aborted) return await table.close()
        await this.#goOnWith(table)
        this.#reason = null
        pauseMs = RETRY_MS
        await this.#untilEnd()
      } catch (error) {
        if (signal.aborted) return
        this.#reason = describeError(error)
        logger.error('The catalogue of processors cannot be read, and is opened again', {
          error: this.#reason,
          pauseMs,
        })
        await clock.sleep(pauseMs, signal)
        pauseMs = Math.min(RETRY_MAX_MS, 2 * pauseMs)
      }
    }
  }

  async #goOnWith(table: CatalogueTable): Promise<void> {
    const { clock, logger } = this.#parts
    if (this.#catalogue !== null) return this.#renew(this.#catalogue, table)
    this.#catalogue = new Catalogue(table, { clock, logger })
    this.#begin(this.#catalogue)
  }

  /** Nobody has asked for what becomes of processors then: it is told until the worker is started anew. */
  async #renew(catalogue: Catalogue, table: CatalogueTable): Promise<void> {
    const { clock, logger } = this.#parts
    let renewal: Renewal
    try {
      renewal = await catalogue.renew(table)
    } catch (error) {
      await table.close().catch(() => undefined)
      throw error
    }
    const { putBack, ended } = renewal
    const at = new Date(clock.now()).toISOString()
    if (putBack.length > 0) {
      logger.error("The catalogue's topic had lost its processors, which were put back as they were known here", {
        processors: putBack.join(', '),
      })
      this.#notice = `The catalogue's topic had lost its processors by ${at}; put back from here: ${shown(putBack)}`
    }
    if (ended.length > 0) {
      logger.error("The catalogue's topic was made anew without some of its processors, which are ended", {
        processors: ended.join(', '),
      })
      this.#notice = `The catalogue's topic was made anew by ${at}, and processors that are not in it were ended: ${shown(ended)}`
    }
  }

  /** @throws SluiceError why it has ended */
  async #untilEnd(): Promise<void> {
    const { clock } = this.#parts
    const { signal } = this.#ending
    for (let looks = 1; !signal.aborted; looks++) {
      await clock.sleep(untilShared(LOOK_MS, clock.monotonic()), signal)
      if (signal.aborted) return
      this.#catalogue!.check()
      if (looks % LOOKS_PER_PROBE === 0) await this.#probe()
    }
  }

  /** A topic that is not there any more is an end; what else there is may pass. */
  async #probe(): Promise<void> {
    try {
      await this.#catalogue!.probe()
      this.#doubt = null
    } catch (error) {
      if (isGone(error)) throw error
      this.#doubt = describeError(error)
    }
  }

  #begin(catalogue: Catalogue): void {
    const { worker, url, resolve, takenBy, kafka, stopMs, clock, logger } = this.#parts
    const [host, shelf, lines] = [this.#host, this.#shelf, this.#lines]
    const teller = new StatusTeller({ catalogue, worker, url, processors: shelf.names, clock, logger })
    const runner = new ProcessorRunner({ catalogue, host, shelf, teller, lines, resolve, stopMs, clock, logger })
    this.#teller = teller
    this.#runner = runner
    teller.start()
    runner.start()
    this.#opened.resolve(
      new ProcessorService({
        catalogue,
        shelf,
        lines,
        worker,
        describe: (config) => this.#describe(config),
        takenBy,
        lagOf: (application, assigned) => lagOf(kafka.admin, application, assigned, clock),
        linesOf: (other, name, count, authorization) => this.#linesOf(other, name, count, authorization),
        clock,
        logger,
      }),
    )
  }

  /** How it ends may quote what its code wrote. */
  async #describe(config: RawSettings): Promise<DescribedProcessor> {
    const asked = { ...config, 'connector.class': config['processor.class']! }
    try {
      return (await this.#host.describe(asked)) as DescribedProcessor
    } catch (error) {
      if (this.#ending.signal.aborted)
        throw new HerderError(503, 'The worker is shutting down: ask another one', { cause: error })
      const { values } = await this.#parts.resolve(config).catch(() => ({ values: new Set<string>() }))
      throw cleanError(error, values)
    }
  }

  #makeHost(): CellHost {
    const { cells, settings, modules: _, worker: workerId, resolve, kafka, clock, logger } = this.#parts
    const given: ProcessorGiven = { worker: settings, modules: this.#shelf.all.map(({ module }) => module), workerId }
    const nobody = async (): Promise<void> => undefined
    return new CellHost({
      spawn: (options, events) => spawnCell({ ...options, flags: FLAGS }, events),
      ...cells,
      noun: 'processor',
      module: PROCESSOR_ENVIRONMENT.href,
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
      // Whatever starts anew does so with the code that is there by then.
      lingerMs: 0,
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

/** Of very many the first ones: health is no list. */
function shown(names: readonly string[]): string {
  const more = names.length - NAMES_MAX
  return names.slice(0, NAMES_MAX).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

function isGone(error: unknown): boolean {
  return error instanceof SluiceError && error.place?.['error'] === 'UNKNOWN_TOPIC_OR_PARTITION'
}
