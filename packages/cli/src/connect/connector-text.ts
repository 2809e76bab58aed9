/** The text of a connector's file. Numbers and booleans become text as they are written: `1.0` stays `1.0`. */
import { SluiceError } from '@sluice/sdk'

/** What a document consists of when numbers and booleans are text. */
export type Parsed = string | null | readonly Parsed[] | { readonly [name: string]: Parsed }

/**
 * The documents of a text; YAML may have several.
 * @param kind `.json`, `.yaml`, `.yml`, `.properties`; anything else is looked at
 * @throws SluiceError CONNECT_INVALID
 */
export async function settingsIn(text: string, kind: string, source: string): Promise<readonly Parsed[]> {
  const known = kind === '.json' || kind === '.yaml' || kind === '.yml' || kind === '.properties'
  const format = known ? kind : guessed(text)
  if (text.trim() === '') return []
  if (format === '.json') return [fromJson(text, source)]
  if (format === '.properties') {
    const { parseProperties } = await import('@sluice/worker/client')
    return [parseProperties(text)]
  }
  return fromYaml(text, source)
}

/** What somebody pipes in has no ending. */
function guessed(text: string): '.json' | '.yaml' | '.properties' {
  if (/^\s*[{[]/.test(text)) return '.json'
  const line = text.split(/\r?\n/).find((candidate) => !/^\s*([#!].*)?$/.test(candidate)) ?? ''
  return /^\s*[\w.-]+\s*=/.test(line) ? '.properties' : '.yaml'
}

function fromJson(text: string, source: string): Parsed {
  try {
    return JSON.parse(text, asWritten) as Parsed
  } catch (cause) {
    throw invalid(source, 'JSON', cause)
  }
}

function asWritten(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' || typeof value === 'boolean' ? (context?.source ?? String(value)) : value
}

async function fromYaml(text: string, source: string): Promise<readonly Parsed[]> {
  const { parseAllDocuments, visit } = await import('yaml')
  const documents = parseAllDocuments(text, { schema: 'core', maxAliasCount: 100 } as Parameters<
    typeof parseAllDocuments
  >[1])
  if (!Array.isArray(documents)) return []
  return documents.flatMap((document) => {
    const [error] = document.errors
    if (error !== undefined) throw invalid(source, 'YAML', error)
    visit(document, {
      Scalar(_, node) {
        const { value } = node
        if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
          node.value = node.source ?? String(value)
      },
    })
    try {
      const value = document.toJS({ maxAliasCount: 100 }) as Parsed
      return value === null ? [] : [value]
    } catch (cause) {
      throw invalid(source, 'YAML', cause)
    }
  })
}

function invalid(source: string, format: string, cause: unknown): SluiceError {
  const [reason] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
  return new SluiceError('CONNECT_INVALID', `${source} is no ${format}: ${reason?.replace(/:$/, '')}`)
}
