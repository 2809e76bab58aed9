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
    throw new SluiceError('PLUGIN_UNKNOWN', `The processor module "${specifier}" cannot be loaded`, {
      cause,
      remedy: 'Install the package, or give the path of its file beginning with ./ or /.',
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

function isProcessor(value: unknown): value is Processor {
  if (typeof value !== 'object' || value === null) return false
  const { topology, settings } = value as Partial<Processor>
  return typeof topology === 'function' && typeof settings?.parse === 'function'
}
