import { describeError, withErrors, type RawSettings, type SettingProblem, type SettingsValidation } from '@sluice/sdk'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { DescribedProcessor, DescribedTopology } from './described.ts'
import { completed, nameProblem, processorSettings } from './processor-settings.ts'
import type { ProcessorShelf } from './processor-shelf.ts'

export interface InspectorParts {
  readonly catalogue: Catalogue
  readonly shelf: ProcessorShelf
  /** Asked in a cell, where the processor's code is. @throws what that ends with */
  readonly describe: (config: RawSettings) => Promise<DescribedProcessor>
  /** Groups that no application may be, by whose they are. */
  readonly taken: ReadonlyMap<string, string>
}

export interface Inspected {
  /** With every complaint: of the settings, the topology, and what else there is in the cluster. */
  readonly validation: SettingsValidation
  readonly version: string | null
  readonly topology: DescribedTopology | null
}

/** Looks at the config of a processor. Code that does not come back, or throws, is a complaint like any other. */
export class Inspector {
  readonly #parts: InspectorParts

  constructor(parts: InspectorParts) {
    this.#parts = parts
  }

  async inspect(name: string, config: RawSettings): Promise<Inspected> {
    const whole = completed(name, config)
    const problems = this.#problems(name, whole)
    // Without its code there is nobody to ask.
    if (this.#parts.shelf.find(whole['processor.class']) === undefined)
      return nothing(withErrors(processorSettings.validate(whole, name), problems))
    let described: DescribedProcessor
    try {
      described = await this.#parts.describe(whole)
    } catch (error) {
      problems.push({ setting: 'processor.class', message: describeError(error) })
      return nothing(withErrors(processorSettings.validate(whole, name), problems))
    }
    const clash = this.#applicationProblem(name, described.application)
    return { ...described, validation: withErrors(described.validation, [...problems, ...clash]) }
  }

  #problems(name: string, whole: RawSettings): SettingProblem[] {
    const { shelf, catalogue } = this.#parts
    const problems: SettingProblem[] = []
    const badName = nameProblem('name', name)
    if (badName !== null) problems.push({ setting: 'name', message: badName })
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

  /** Two that shared a group would take each other's tasks, and both do them wrong. */
  #applicationProblem(name: string, application: string): readonly SettingProblem[] {
    const { catalogue, taken } = this.#parts
    const owner = taken.get(application)
    const other = catalogue.processors.find((one) => one !== name && this.#applicationOf(one) === application)
    const whose = owner ?? (other === undefined ? null : `processor ${other}`)
    if (whose === null) return []
    return [
      { setting: 'application.id', message: `application.id ${application} is taken: it is the group of ${whose}` },
    ]
  }

  #applicationOf(name: string): string {
    const config = this.#parts.catalogue.processor(name)?.deployments.at(-1)?.config ?? {}
    return completed(name, config)['application.id']!
  }
}

function nothing(validation: SettingsValidation): Inspected {
  return { validation, version: null, topology: null }
}
