/** Changes the configuration file in place: what people have written into it, comments included, stays. */
import fs from 'node:fs/promises'
import path from 'node:path'
import { SluiceError } from '@sluice/sdk'
import type { Document } from 'yaml'
import { configPath } from './contexts.ts'

/**
 * Written as a whole, for its owner alone: who is interrupted has the old one.
 * @throws SluiceError USAGE_INVALID when it cannot be written
 */
export async function changeConfigFile(
  env: Readonly<Record<string, string | undefined>>,
  change: (document: Document) => void,
): Promise<void> {
  const file = configPath(env)
  if (file === undefined) {
    throw new SluiceError('USAGE_INVALID', 'There is no place for a configuration file: HOME is not set', {
      remedy: 'Say with SLUICE_CONFIG where it shall be.',
    })
  }
  const { parseDocument } = await import('yaml')
  const next = `${file}.${process.pid}.tmp`
  try {
    const document = parseDocument(await textOf(file))
    if (document.contents === null) document.contents = document.createNode({}) as unknown as typeof document.contents
    change(document)
    await fs.mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    await fs.writeFile(next, document.toString({ lineWidth: 0 }), { mode: 0o600 })
    await fs.rename(next, file)
  } catch (cause) {
    await fs.rm(next, { force: true }).catch(() => undefined)
    throw new SluiceError('USAGE_INVALID', `The configuration file ${file} cannot be written`, {
      cause,
      remedy: 'Look whether its folder may be written to.',
    })
  }
}

async function textOf(file: string): Promise<string> {
  try {
    return await fs.readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
