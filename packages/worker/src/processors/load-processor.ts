import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { SluiceError } from '@sluice/sdk'
import type { Processor } from '@sluice/streams'

/**
 * Imports a processor: the default export of a package, or of a file whose path begins with `./`, `../` or `/`.
 * @throws SluiceError PLUGIN_UNKNOWN
 */
export async function loadProcessor(specifier: string): Promise<Processor> {
  const target = /^\.{0,2}\//.test(specifier) ? pathToFileURL(path.resolve(specifier)).href : specifier
  let module: { readonly default?: unknown }
  try {
    module = (await import(target)) as { readonly default?: unknown }
  } catch (cause) {
    throw new SluiceError('PLUGIN_UNKNOWN', `The processor module "${specifier}" cannot be loaded${whereOf(cause)}`, {
      cause,
      remedy: isMissing(cause)
        ? 'Install the package, or give the path of its file beginning with ./ or /.'
        : 'Mend it: it is there, but cannot be read, or throws when it is imported.',
    })
  }
  const found = module.default
  if (!isProcessor(found)) {
    throw new SluiceError('PLUGIN_UNKNOWN', `The module "${specifier}" has no processor as its default export`, {
      remedy: 'Export what defineProcessor returned as default.',
    })
  }
  return found
}

/** The line that an error of somebody else's code comes from, in parentheses; nothing where it does not say, or explains itself. */
export function whereOf(error: unknown): string {
  if (!(error instanceof Error) || error instanceof SluiceError) return ''
  const found = /(?:^|[\s(])((?:file:\/\/)?\/[^\s()]+:\d+)/m.exec(error.stack ?? '')
  return found === null ? '' : ` (${found[1]})`
}

/** It, or what it imports. */
function isMissing(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' && code.endsWith('MODULE_NOT_FOUND')
}

function isProcessor(value: unknown): value is Processor {
  if (typeof value !== 'object' || value === null) return false
  const { topology, settings } = value as Partial<Processor>
  return typeof topology === 'function' && typeof settings?.parse === 'function'
}
