import { DataError, SluiceError } from '@sluice/sdk'
import type { SinkRecord } from '@sluice/sdk'
import { checkPath } from '@sluice/object-store'
import { fieldOfRecord } from './files/record-field.ts'

/** Where the rows of a record go. */
export interface Route {
  /** A name among the tenants; empty: there are none. */
  readonly tenant: string
  /** The table's path in the tenant's store. */
  readonly path: string
}

/** Names a table among all. */
export function keyOf({ tenant, path }: Route): string {
  return `${tenant}:${path}`
}

/** `${topic}`, `${tenant}`, `${group of topic.pattern}` or `${value.field}` within a text. */
const PLACEHOLDER = /\$\{([^}]*)\}/g

export interface RouteRules {
  /** `table.name` */
  readonly template: string
  /** `topic.pattern`: over the whole topic; its groups are placeholders. Null: there is none. */
  readonly pattern: RegExp | null
  /** Whether the group `tenant` names one of the tenants, whose own store is written. */
  readonly hasTenants: boolean
}

export type RouteSettings = Readonly<Record<'table.name' | 'topic.pattern', string>>

/** From records to tables: by topic, by parts of its name, and by fields. */
export class TableRoutes {
  readonly #rules: RouteRules
  readonly #ofFields: boolean
  readonly #byTopic = new Map<string, Readonly<Record<string, string>>>()

  static of(settings: RouteSettings, hasTenants: boolean): TableRoutes {
    const pattern = settings['topic.pattern']
    return new TableRoutes({
      template: settings['table.name'],
      pattern: pattern === '' ? null : new RegExp(`^(?:${pattern})$`, 'u'),
      hasTenants,
    })
  }

  constructor(rules: RouteRules) {
    this.#rules = rules
    this.#ofFields = placeholdersOf(rules.template).some((name) => name.startsWith('value.'))
  }

  /** Whether all records go to one table, whatever they are. */
  get isOne(): boolean {
    return placeholdersOf(this.#rules.template).length === 0 && !this.#rules.hasTenants
  }

  /** Whether fields decide, so that records of one topic go to several tables. */
  get isByField(): boolean {
    return this.#ofFields
  }

  /** Where records of the topic go, as far as fields do not decide. @throws DataError when the topic does not say */
  ofTopic(topic: string): Route {
    return this.#route(topic, (name) => {
      throw new SluiceError('INTERNAL', `The field ${name} decides which table a record goes to`)
    })
  }

  /** @throws DataError when the record does not say where it goes */
  of(record: SinkRecord): Route {
    return this.#route(record.topic, (name) => textOfField(record, name))
  }

  #route(topic: string, valueOf: (name: string) => string): Route {
    const groups = this.#groupsOf(topic)
    const path = this.#rules.template.replaceAll(PLACEHOLDER, (_, name: string) =>
      name.startsWith('value.') ? valueOf(name.slice('value.'.length)) : (groups[name] ?? ''),
    )
    try {
      checkPath(path)
    } catch (cause) {
      throw new DataError(`A record of topic ${topic} names a table that cannot be one: ${JSON.stringify(path)}`, {
        cause,
        place: { topic },
        remedy: 'Change table.name, or the field that it takes the name from.',
      })
    }
    return { tenant: this.#rules.hasTenants ? (groups['tenant'] ?? '') : '', path }
  }

  #groupsOf(topic: string): Readonly<Record<string, string>> {
    let groups = this.#byTopic.get(topic)
    if (groups !== undefined) return groups
    const { pattern } = this.#rules
    const match = pattern?.exec(topic)
    if (pattern !== null && match?.[0] !== topic)
      throw new DataError(`The topic ${topic} does not match topic.pattern`, {
        place: { topic },
        remedy:
          'Change topic.pattern so that it matches all topics of the connector, or leave the topic out of topics.',
      })
    const numbered = (match ?? []).map((text, i): readonly [string, string] => [String(i), text ?? ''])
    groups = { topic, ...Object.fromEntries(numbered), ...match?.groups }
    this.#byTopic.set(topic, groups)
    return groups
  }
}

/** What stands in the placeholders of a template. */
export function placeholdersOf(template: string): string[] {
  return Array.from(template.matchAll(PLACEHOLDER), ([, name = '']) => name)
}

/** What a record's field calls its table: what would lead elsewhere becomes an underscore. */
function textOfField(record: SinkRecord, name: string): string {
  const { value } = fieldOfRecord(record, name)
  if (
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    typeof value === 'boolean'
  ) {
    const text = String(value).replaceAll(/[^\p{L}\p{N}_.-]/gu, '_')
    if (text !== '' && text !== '.' && text !== '..') return text
  }
  throw new DataError(
    `The field ${name} names no table: it is ${value === null ? 'null' : typeof value === 'object' ? 'no single value' : JSON.stringify(String(value))}`,
    {
      place: {
        topic: record.originalTopic,
        partition: record.originalPartition,
        offset: record.originalOffset,
        field: name,
      },
      remedy: 'Let every record have a text, a number or a boolean there that can be a folder’s name.',
    },
  )
}
