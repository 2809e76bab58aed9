/** With which schema `produce` writes: the latest of a subject, one of an id, or one in a file, which is registered. */
import fs from 'node:fs/promises'
import path from 'node:path'
import { type RawSettings, SluiceError } from '@sluice/sdk'
import type { SchemaRegistry, SchemaType } from '@sluice/schema-registry'
import type { Options, Values } from '../command-line/declaration.ts'
import { hasRegistry, onlyWithRegistry, type Side } from './registry-options.ts'

export const schemaOptions = {
  'schema-file': {
    type: 'text',
    value: 'FILE',
    completes: 'file',
    documentation:
      'The schema of values, which is registered if it is not there; without one, the latest of the subject',
  },
  'schema-id': {
    type: 'number',
    value: 'ID',
    documentation: 'The id of the schema of values, whatever its subject is',
  },
  subject: { type: 'text', value: 'NAME', documentation: 'The subject of values, instead of TOPIC-value' },
  'key-schema-file': { type: 'text', value: 'FILE', completes: 'file', documentation: 'As --schema-file, of keys' },
  'key-schema-id': { type: 'number', value: 'ID', documentation: 'As --schema-id, of keys' },
  'key-subject': { type: 'text', value: 'NAME', documentation: 'The subject of keys, instead of TOPIC-key' },
} as const satisfies Options

type SchemaValues = Values<typeof schemaOptions>

const TYPES: Readonly<Record<string, SchemaType>> = { avro: 'AVRO', 'json-schema': 'JSON', protobuf: 'PROTOBUF' }

export interface SchemaChoice {
  readonly side: Side
  readonly format: string
  readonly topic: string
  readonly settings: RawSettings
  readonly signal: AbortSignal
}

/**
 * The id of the schema to write with; undefined for a format that has none.
 * @throws SluiceError USAGE_INVALID; SUBJECT_UNKNOWN, SCHEMA_INCOMPATIBLE, SCHEMA_INVALID, REGISTRY_UNREACHABLE …
 */
export async function schemaIdFor(values: SchemaValues, choice: SchemaChoice): Promise<number | undefined> {
  const { side, format, topic, settings } = choice
  const prefix = side === 'key' ? 'key-' : ''
  const [file, id, subject] = [values[`${prefix}schema-file`], values[`${prefix}schema-id`], values[`${prefix}subject`]]
  const given = Object.entries({ 'schema-file': file, 'schema-id': id, subject }).filter(
    ([, value]) => value !== undefined,
  )
  if (!hasRegistry(format)) {
    const [first] = given
    if (first !== undefined) throw onlyWithRegistry(`${prefix}${first[0]}`, format)
    return undefined
  }
  if (id !== undefined && given.length > 1) {
    throw new SluiceError('USAGE_INVALID', `--${prefix}schema-id goes with no other choice of a schema`, {
      remedy: `Leave --${prefix}schema-file and --${prefix}subject away.`,
    })
  }
  const { connectRegistry } = await import('@sluice/schema-registry')
  const registry = connectRegistry(settings)
  try {
    const of = subject ?? `${topic}-${side}`
    if (file !== undefined) return await registered(registry, of, file, choice)
    const others = `Give the schema with --${prefix}schema-file, or another subject with --${prefix}subject.`
    const { signal } = choice
    const found =
      id === undefined
        ? known(registry.latest(of, signal), `The schema registry has no subject ${of}`, others)
        : known(registry.schemaById(id, signal), `The schema registry has no schema ${id}`, others)
    return (await found).id
  } finally {
    registry.close()
  }
}

/** That it is not there is told with what to do about it here. */
async function known<T>(answer: Promise<T>, missing: string, remedy: string): Promise<T> {
  try {
    return await answer
  } catch (cause) {
    const isMissing = cause instanceof SluiceError && /^(?:SUBJECT|SCHEMA)_UNKNOWN$/.test(cause.code)
    throw isMissing ? new SluiceError(cause.code, missing, { remedy }) : cause
  }
}

async function registered(
  registry: SchemaRegistry,
  subject: string,
  file: string,
  { format, signal }: SchemaChoice,
): Promise<number> {
  let text: string
  try {
    text = await fs.readFile(file, 'utf8')
  } catch (cause) {
    throw new SluiceError('USAGE_INVALID', `The schema file ${path.normalize(file)} cannot be read`, {
      cause,
      remedy: 'Give the path of a file.',
    })
  }
  return (await registry.register(subject, { type: TYPES[format]!, text }, undefined, signal)).id
}
