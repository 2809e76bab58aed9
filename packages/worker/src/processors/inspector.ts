import {
  describeCauses,
  describeError,
  isRetriable,
  SluiceError,
  withErrors,
  type RawSettings,
  type SettingProblem,
  type SettingsValidation,
} from '@sluice/sdk'
import type { Catalogue } from '../catalogue/catalogue.ts'
import { HerderError } from '../herder/herder.ts'
import type { DescribedProcessor, DescribedTopology } from './described.ts'
import { SETTING as KNOWN, withKnown } from './known-topology.ts'
import { completed, nameProblem, processorSettings } from './processor-settings.ts'
import type { ProcessorShelf } from './processor-shelf.ts'

export interface InspectorParts {
  readonly catalogue: Catalogue
  readonly shelf: ProcessorShelf
  /** Asked in a cell, where the processor's code is. @throws what that ends with; HerderError where it is not the code's doing */
  readonly describe: (config: RawSettings) => Promise<DescribedProcessor>
  /** Whose group this is already, beside those of processors; null: nobody's. */
  readonly takenBy: (group: string) => Promise<string | null>
}

export interface Inspected {
  /** With every complaint: of the settings, the topology, and what else there is in the cluster. */
  readonly validation: SettingsValidation
  readonly version: string | null
  /** `application.id`, without placeholders; null where its code could not be asked. */
  readonly application: string | null
  readonly topology: DescribedTopology | null
  /** As the catalogue keeps it. */
  readonly written: string | null
}

/** Looks at the config of a processor. Code that does not come back, or throws, is a complaint like any other. */
export class Inspector {
  readonly #parts: InspectorParts

  constructor(parts: InspectorParts) {
    this.#parts = parts
  }

  /** @throws HerderError 503 where Kafka cannot be asked, which says nothing about the config */
  async inspect(name: string, config: RawSettings): Promise<Inspected> {
    const whole = completed(name, config)
    const problems = this.#problems(name, whole)
    // Without its code there is nobody to ask.
    if (this.#parts.shelf.find(whole['processor.class']) === undefined)
      return nothing(withErrors(processorSettings.validate(whole, name), problems))
    let described: DescribedProcessor
    try {
      described = await this.#parts.describe(withKnown(whole, this.#parts.catalogue.topology(name)))
    } catch (error) {
      if (error instanceof HerderError) throw error
      if (isOfKafka(error))
        throw new HerderError(503, `The processor cannot be looked at now: ${describeError(error)}`, { cause: error })
      // What hosts of cells say to do is about work that runs: nothing of this is started again by itself.
      const hasEnded = error instanceof SluiceError && error.code === 'CELL_ENDED'
      const message = hasEnded ? describeCauses(error) : describeError(error)
      problems.push({ setting: 'processor.class', message })
      return nothing(withErrors(processorSettings.validate(whole, name), problems))
    }
    const { application } = described
    const owner = (await this.#parts.takenBy(application)) ?? this.ownerOf(application, name)
    const clash = owner === null ? [] : [{ setting: 'application.id', message: takenMessage(whole, owner) }]
    return { ...described, validation: withErrors(described.validation, [...problems, ...clash]) }
  }

  /** The other processor that has this application, as far as this worker knows; two of one group would take each other's tasks. */
  ownerOf(application: string, name: string): string | null {
    const { catalogue } = this.#parts
    const other = catalogue.processors.find((one) => one !== name && applicationOf(catalogue, one) === application)
    return other === undefined ? null : `processor ${other}`
  }

  #problems(name: string, whole: RawSettings): SettingProblem[] {
    const { shelf, catalogue } = this.#parts
    const problems: SettingProblem[] = []
    const badName = nameProblem('name', name)
    if (badName !== null) problems.push({ setting: 'name', message: badName })
    if (Object.hasOwn(whole, 'connector.class'))
      problems.push({ setting: 'connector.class', message: 'connector.class names no processor: give processor.class' })
    // Taken out before the processor could be asked whether it knows it.
    if (Object.hasOwn(whole, KNOWN))
      problems.push({ setting: KNOWN, message: `${KNOWN} is for the worker to say: leave it out` })
    const named = whole['processor.class']
    if (named !== undefined && shelf.find(named) === undefined) {
      const elsewhere = catalogue.workers
        .filter(({ processors }) => processors.includes(named))
        .map(({ worker }) => worker)
      const hint = elsewhere.length > 0 ? `; ${elsewhere.join(', ')} has it: ask there` : ''
      problems.push({
        setting: 'processor.class',
        message: `Failed to find any processor of the name ${named}. This worker has ${shelf.names.join(', ') || 'none'}${hint}`,
      })
    }
    return problems
  }
}

/** What a config has for an application that somebody else is. Told with placeholders. */
export function takenMessage(config: RawSettings, owner: string): string {
  return `application.id ${config['application.id']} is taken: it is the group of ${owner}`
}

/** `application.id` of the newest deployment; undefined where there is none. */
export function applicationOf(catalogue: Catalogue, name: string): string | undefined {
  const newest = catalogue.processor(name)?.deployments.at(-1)
  return newest && (newest.application ?? completed(name, newest.config)['application.id'])
}

function isOfKafka(error: unknown): boolean {
  return error instanceof SluiceError && error.code.startsWith('KAFKA_') && isRetriable(error)
}

function nothing(validation: SettingsValidation): Inspected {
  return { validation, version: null, application: null, topology: null, written: null }
}
