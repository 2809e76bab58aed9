/** Settings of a processor as a resource of the worker, beside its own and those of every application of streams. */
import { between, defineSettings, nonEmptyString, oneOf, type ParsedSettings, type RawSettings } from '@sluice/sdk'

/** Each is a process: no machine has a use for more. */
const INSTANCES_MAX = 64

export const processorSettings = defineSettings({
  name: {
    type: 'string',
    validator: nonEmptyString,
    importance: 'high',
    documentation: 'The name of the processor among the processors of the cluster.',
  },
  'processor.class': {
    type: 'string',
    validator: nonEmptyString,
    importance: 'high',
    documentation:
      'Its code: a package that the worker has, or the last part of its name without “processor-”. Workers that do not have it leave it to others.',
  },
  instances: {
    type: 'int',
    default: 1,
    validator: between(1, INSTANCES_MAX),
    importance: 'medium',
    documentation:
      'Members of its group in each worker that has its code, each in a process of its own where isolation is connector: as many processors of the machine as it may use. Tasks are spread over all of them, on all workers.',
  },
  isolation: {
    type: 'string',
    default: null,
    validator: oneOf('connector', 'shared', 'inline'),
    importance: 'medium',
    documentation:
      "Where it runs. connector: in a process of its own; shared: in one with other processors; inline: in the worker's, if that is where the worker runs everything. Default: the worker's isolation.",
  },
})

export type ProcessorSettings = ParsedSettings<typeof processorSettings>

/** With what is given by its name where nothing else was said. */
export function completed(name: string, config: RawSettings): RawSettings {
  return { 'application.id': name, ...config, name }
}

/** Names of groups, topics and folders are made of it. */
const NAME = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,200}$/

/** What is wrong with a name; null: nothing. */
export function nameProblem(what: string, name: string): string | null {
  if (NAME.test(name)) return null
  return `${what} must be of 1 to 200 letters, digits, dots, underscores and hyphens, because names of topics, groups and folders are made of it`
}
