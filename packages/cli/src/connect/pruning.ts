/** `--prune`: connectors that are in no file. Connect keeps no note of who made one, so it must be said which of them are meant. */
import { SluiceError } from '@sluice/sdk'
import type { ConnectClient } from '@sluice/worker/client'
import type { Options, Values } from '../command-line/declaration.ts'

export const pruneOptions = {
  prune: {
    type: 'flag',
    documentation: 'Also delete connectors that are in none of the files, of those that --prefix or --all means',
  },
  prefix: { type: 'text', value: 'TEXT', documentation: 'With --prune: connectors whose names begin with this' },
  all: { type: 'flag', documentation: 'With --prune: every connector of the cluster' },
} as const satisfies Options

/**
 * Names of the connectors that are in none of the files; none without --prune.
 * @throws SluiceError USAGE_INVALID when it is not said which are meant; as of ConnectClient
 */
export async function surplusOf(
  { prune, prefix, all }: Values<typeof pruneOptions>,
  wanted: readonly { readonly name: string }[],
  client: ConnectClient,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const isScoped = (prefix !== undefined && prefix !== '') !== all
  if (prune && !isScoped)
    throw wrong(
      '--prune needs either --prefix or --all',
      'Say which connectors may be deleted: --prefix orders- or --all.',
    )
  if (!prune && (all || prefix !== undefined))
    throw wrong('--prefix and --all belong to --prune', 'Give --prune as well, or leave them away.')
  if (!prune) return []
  const kept = new Set(wanted.map(({ name }) => name))
  const present = await client.call('listConnectors', {}, signal)
  return present.filter((name) => name.startsWith(prefix ?? '') && !kept.has(name)).toSorted()
}

/** @throws SluiceError USAGE_INVALID when there are some */
export function mayDelete(surplus: readonly string[], isMeant: boolean): void {
  if (surplus.length === 0 || isMeant) return
  throw wrong(
    `--prune would delete ${surplus.join(', ')}; nothing was done`,
    'Give --yes if they shall be deleted; --dry-run and diff --prune show what would be.',
  )
}

function wrong(what: string, remedy: string): SluiceError {
  return new SluiceError('USAGE_INVALID', what, { remedy })
}
