import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { SluiceError, type Connector } from '@sluice/sdk'

/**
 * Imports connectors: each module's default export is a connector or a list of them.
 * @param specifiers package names, or paths that begin with `./`, `../` or `/` (from the working directory)
 * @throws SluiceError PLUGIN_UNKNOWN naming the module that is not there or holds no connector
 */
export async function loadConnectors(specifiers: readonly string[]): Promise<readonly Connector[]> {
  const lists = await Promise.all(specifiers.map(loadOne))
  return lists.flat()
}

async function loadOne(specifier: string): Promise<readonly Connector[]> {
  const target = /^\.{0,2}\//.test(specifier) ? pathToFileURL(path.resolve(specifier)).href : specifier
  let module: { readonly default?: unknown }
  try {
    module = (await import(target)) as { readonly default?: unknown }
  } catch (cause) {
    throw new SluiceError('PLUGIN_UNKNOWN', `The connector module "${specifier}" cannot be loaded`, {
      cause,
      remedy: 'Install the package, or give the path of its file beginning with ./ or /.',
    })
  }
  const found: readonly unknown[] = Array.isArray(module.default) ? module.default : [module.default]
  if (!found.every(isConnector)) {
    throw new SluiceError('PLUGIN_UNKNOWN', `The module "${specifier}" has no connector as its default export`, {
      remedy: 'Export what defineSource or defineSink returned, or a list of those, as default.',
    })
  }
  return found
}

function isConnector(value: unknown): value is Connector {
  if (typeof value !== 'object' || value === null) return false
  const { kind, name, createTask } = value as Partial<Connector>
  return (kind === 'source' || kind === 'sink') && typeof name === 'string' && typeof createTask === 'function'
}
