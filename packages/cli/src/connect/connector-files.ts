/** Connectors in files: JSON, YAML or properties, one or many, in any form in which Connect shows or takes them. */
import fs from 'node:fs/promises'
import path from 'node:path'
import { SluiceError } from '@sluice/sdk'
import type { Terminal } from '../command-line/declaration.ts'
import type { Places } from './file-options.ts'
import { settingsIn, type Parsed } from './connector-text.ts'
import { HIDDEN } from './secrets.ts'

export interface WantedConnector {
  readonly name: string
  /** With its `name`. */
  readonly config: Readonly<Record<string, string>>
  /** RUNNING, PAUSED or STOPPED when it is created; else it runs. */
  readonly initialState?: string
  /** Where it was read. */
  readonly source: string
}

const KINDS: ReadonlySet<string> = new Set(['.json', '.yaml', '.yml', '.properties'])
const STATES: ReadonlySet<string> = new Set(['RUNNING', 'PAUSED', 'STOPPED'])
/** What is described in the files. */
export interface FileKind {
  /** `connector` */
  readonly noun: string
  /** The setting that each must have. */
  readonly classSetting: string
  /** Of one that has it not. */
  readonly remedy: string
}

const CONNECTORS: FileKind = {
  noun: 'connector',
  classSetting: 'connector.class',
  remedy: 'sluice get plugins lists the connectors that there are.',
}

/** Connectors are text that people write. */
const BYTES_MAX = 16_777_216

/**
 * Files, folders (each file in them that ends in .json, .yaml, .yml or .properties, and is not hidden) and `-`, in this order.
 * @throws SluiceError CONNECT_INVALID that names the file and what is wrong with it; USAGE_INVALID for a file that cannot be read
 */
export async function readConnectors(
  { filename: places, recursive }: Places,
  terminal: Terminal,
  kind: FileKind = CONNECTORS,
): Promise<readonly WantedConnector[]> {
  const found: WantedConnector[] = []
  for (const place of places) {
    for (const file of await filesOf(place, recursive)) {
      const text = file === '-' ? await all(terminal.stdin()) : await contents(file)
      const source = file === '-' ? 'standard input' : file
      const fallback = file === '-' ? undefined : path.basename(file, path.extname(file))
      for (const parsed of await settingsIn(text, file === '-' ? '' : path.extname(file).toLowerCase(), source))
        found.push(...connectorsOf(parsed, source, fallback, kind))
    }
  }
  const [first] = places
  if (found.length === 0)
    throw invalid(`There is no ${kind.noun} in ${first === '-' ? 'standard input' : places.join(', ')}`)
  for (const [i, { name, source }] of found.entries()) {
    const before = found.findIndex((other) => other.name === name)
    if (before < i) throw invalid(`${source}: ${kind.noun} ${name} is in ${found[before]!.source} already`)
  }
  return found
}

async function filesOf(place: string, isRecursive: boolean): Promise<readonly string[]> {
  if (place === '-') return [place]
  const stat = await fs.stat(place).catch((cause: unknown) => {
    throw usage(`-f is '${place}', which cannot be read`, cause)
  })
  if (!stat.isDirectory()) return [place]
  const found = await filesBelow(place, isRecursive)
  if (found.length === 0)
    throw usage(
      `The folder ${place} has no file that ends in ${[...KINDS].join(', ')}${isRecursive ? '' : '; -R looks into those below it, too'}`,
    )
  return found
}

/** In the order of their names; what is hidden stays so, and links to folders are not followed. */
async function filesBelow(folder: string, isRecursive: boolean): Promise<readonly string[]> {
  const entries = (await fs.readdir(folder, { withFileTypes: true })).filter(({ name }) => !name.startsWith('.'))
  const found: string[] = []
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = path.join(folder, entry.name)
    if (entry.isDirectory()) found.push(...(isRecursive ? await filesBelow(file, true) : []))
    else if (KINDS.has(path.extname(entry.name).toLowerCase())) found.push(file)
  }
  return found
}

async function contents(file: string): Promise<string> {
  try {
    const { size } = await fs.stat(file)
    if (size > BYTES_MAX) throw new Error(`it has ${size} bytes`)
    return await fs.readFile(file, 'utf8')
  } catch (cause) {
    throw usage(`${file} cannot be read`, cause)
  }
}

async function all(input: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of input) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > BYTES_MAX) throw invalid(`standard input has more than ${BYTES_MAX} bytes`)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** One document: settings, what `POST /connectors` takes, what `GET /connectors/NAME` shows, a list or an object by name of these. */
function connectorsOf(
  parsed: Parsed,
  source: string,
  fallback: string | undefined,
  kind: FileKind,
): readonly WantedConnector[] {
  if (Array.isArray(parsed))
    return (parsed as readonly Parsed[]).flatMap((item) => connectorsOf(item, source, undefined, kind))
  if (!isObject(parsed))
    throw invalid(`${source}: settings of a ${kind.noun} were expected, not ${JSON.stringify(parsed)?.slice(0, 40)}`)
  if (isObject(parsed['config']))
    return [connector(parsed['config'], parsed['name'], parsed['initial_state'], source, fallback, kind)]
  const entries = Object.entries(parsed)
  if (entries.length > 0 && entries.every(([, value]) => isObject(value))) {
    return entries.flatMap(([name, value]) => {
      const { info = value } = value as Record<string, Parsed>
      return connectorsOf(info, source, name, kind)
    })
  }
  return [connector(parsed, undefined, undefined, source, fallback, kind)]
}

function connector(
  settings: Readonly<Record<string, Parsed>>,
  given: Parsed | undefined,
  state: Parsed | undefined,
  source: string,
  fallback: string | undefined,
  { noun, classSetting, remedy }: FileKind,
): WantedConnector {
  const name = given ?? settings['name'] ?? fallback
  if (typeof name !== 'string' || name.trim() === '') throw invalid(`${source}: a ${noun} has no name`)
  if (settings['name'] !== undefined && settings['name'] !== name)
    throw invalid(`${source}: ${noun} ${name} is called ${JSON.stringify(settings['name'])} in its settings`)
  const config: Record<string, string> = { name }
  for (const [setting, value] of Object.entries(settings)) {
    if (value === null) continue
    if (typeof value !== 'string')
      throw invalid(
        `${source}: setting ${setting} of ${name} is ${Array.isArray(value) ? 'a list' : 'an object'}, but settings are text`,
        'Write lists as text with commas: a,b,c.',
      )
    if (value === HIDDEN)
      throw invalid(
        `${source}: setting ${setting} of ${name} is ${HIDDEN}: it was written by a command that does not show secrets`,
        'Give the value, a ${provider:path:key}, or get it with --show-secrets.',
      )
    config[setting] = value
  }
  if (config[classSetting] === undefined) throw invalid(`${source}: ${noun} ${name} has no ${classSetting}`, remedy)
  if (state === undefined || state === null) return { name, config, source }
  if (typeof state !== 'string' || !STATES.has(state.toUpperCase()))
    throw invalid(
      `${source}: initial_state of ${name} is ${JSON.stringify(state)}, which is none of ${[...STATES].join(', ')}`,
    )
  return { name, config, source, initialState: state.toUpperCase() }
}

function isObject(value: Parsed | undefined): value is Readonly<Record<string, Parsed>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(what: string, remedy?: string): SluiceError {
  return new SluiceError('CONNECT_INVALID', what, remedy === undefined ? {} : { remedy })
}

function usage(what: string, cause?: unknown): SluiceError {
  return new SluiceError('USAGE_INVALID', what, { cause, remedy: 'Give a file, a folder, or - for standard input.' })
}
