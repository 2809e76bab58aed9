import type { SettingsDeclaration, SettingsOf, SettingsShape } from '@sluice/sdk'
import type { StreamsBuilder } from './dsl/streams-builder.ts'
import { topologyInvalid } from './topology/topology-invalid.ts'

/**
 * What a processor is: a name, typed settings, and a topology made from them. A processor is one folder whose `src/index.ts` has it
 * as its default export.
 */
export interface Processor<S extends SettingsShape = SettingsShape> {
  /** Our name, such as `bird-strikes`. */
  readonly name: string
  readonly version: string
  /** One paragraph for the generated reference page. */
  readonly documentation: string
  /** Its own settings; those of the application (`application.id` …) are `streamsSettings`. */
  readonly settings: SettingsDeclaration<S>
  /** Writes the topology down, at once. Called once per application; it must do nothing else. */
  topology(builder: StreamsBuilder, settings: SettingsOf<S>): void
}

/** Declares a processor; the settings' type flows into `topology`, which throws TOPOLOGY_INVALID if it returns a promise. */
export function defineProcessor<S extends SettingsShape>(definition: Processor<S>): Processor<S> {
  return Object.freeze({
    ...definition,
    topology(builder: StreamsBuilder, settings: SettingsOf<S>): void {
      const answer: unknown = definition.topology(builder, settings)
      if (!(answer instanceof Promise)) return
      answer.catch(() => undefined)
      // What it writes down later is in no topology: it would run without, and nobody would know.
      throw topologyInvalid(
        `The topology of ${definition.name} is not written down at once: it returns a promise`,
        'Let it be no async function; what it has to be told belongs in its settings.',
      )
    },
  })
}
