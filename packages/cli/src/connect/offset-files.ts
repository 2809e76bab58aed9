/** Positions in a file, as `offsets get` shows them. Numbers stay numbers: they are what connectors compare. */
import fs from 'node:fs/promises'
import { SluiceError } from '@sluice/sdk'
import type { OffsetShown } from '@sluice/worker/client'
import type { Terminal } from '../command-line/declaration.ts'

/** @throws SluiceError USAGE_INVALID, CONNECT_INVALID */
export async function documentIn(files: readonly string[], terminal: Terminal): Promise<readonly OffsetShown[]> {
  const { parse } = await import('yaml')
  const found: OffsetShown[] = []
  for (const file of files) {
    let document: unknown
    try {
      // JSON is YAML.
      document = parse(file === '-' ? await textOf(terminal) : await fs.readFile(file, 'utf8'))
    } catch (cause) {
      throw new SluiceError('USAGE_INVALID', `${file} cannot be read`, {
        cause,
        remedy: 'Give a file of JSON or YAML.',
      })
    }
    const { offsets } = (document ?? {}) as { readonly offsets?: unknown }
    if (!Array.isArray(offsets) || !offsets.every(isOffset)) {
      throw new SluiceError('CONNECT_INVALID', `${file} has no list of offsets, each with its partition and offset`, {
        remedy: 'sluice offsets get NAME -o yaml shows one.',
      })
    }
    found.push(...(offsets as readonly OffsetShown[]))
  }
  return found
}

function isOffset(value: unknown): boolean {
  const { partition, offset } = (value ?? {}) as { readonly partition?: unknown; readonly offset?: unknown }
  return typeof partition === 'object' && partition !== null && typeof offset === 'object'
}

async function textOf(terminal: Terminal): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of terminal.stdin()) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
