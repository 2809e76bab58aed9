import type { ConnectClient } from '@sluice/worker/client'
import { type Given, leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT, exitStatusOf } from '../command-line/exit-status.ts'
import { changeLines, changesBetween, type Config, configOf } from '../connect/changes.ts'
import { connectOptions, openClient } from '../connect/connect-options.ts'
import { readConnectors } from '../connect/connector-files.ts'
import { forEach } from '../connect/each.ts'
import { fileOptions, filesGiven } from '../connect/file-options.ts'
import { plain } from '../connect/output.ts'
import { pruneOptions, surplusOf } from '../connect/pruning.ts'
import { secretsOf, secretsOptions } from '../connect/secrets.ts'

const options = { ...fileOptions, ...pruneOptions, ...secretsOptions, ...connectOptions } as const

type Comparing = Pick<Given<typeof options>, 'values' | 'signal' | 'terminal'> & { readonly client: ConnectClient }

export const diffNode = leaf({
  name: 'diff',
  summary: 'Shows what apply would change',
  options,
  details:
    'Lines with - are there now, lines with + in the files. Exit status as of kubectl diff: 0 when nothing differs, 1 when something does, and\n' +
    'more when it could not be found out.',
  examples: ['diff -f connectors/', 'diff -f connectors/ --prune --prefix orders-'],
  exitStatus: failedStatus,
  async run({ values, signal, terminal }) {
    const wanted = await readConnectors(filesGiven('diff', values), terminal)
    const client = await openClient(values, terminal)
    const comparing = { values, signal, terminal, client }
    const surplus = await surplusOf(values, wanted, client, signal)
    const pairs = [...wanted, ...surplus.map((name) => ({ name, config: {} }))]
    let differs = false
    const status = await forEach(
      pairs,
      ({ name }) => name,
      terminal,
      async ({ name, config }) => {
        differs = (await compared(name, config, comparing)) || differs
        return EXIT.ok
      },
    )
    if (status !== EXIT.ok) return Math.max(status, EXIT.usage)
    return differs ? EXIT.differs : EXIT.ok
  },
})

/** 1 only says that something differs. */
function failedStatus(error: unknown): number {
  return Math.max(exitStatusOf(error), EXIT.usage)
}

async function compared(
  name: string,
  config: Config,
  { values, signal, terminal, client }: Comparing,
): Promise<boolean> {
  const present = await configOf(client, name, signal)
  const isSurplus = Object.keys(config).length === 0
  const before = present === undefined ? {} : isSurplus ? present : { ...present, name }
  const changes = changesBetween(before, config)
  if (changes.length === 0) return false
  const options = { showSecrets: values['show-secrets'], signal }
  // Old and new settings may name other plugins.
  const [old, wanted] = await Promise.all([before, config].map((settings) => secretsOf(client, settings, options)))
  const secrets = {
    hides: (setting: string, value: string) => old!.hides(setting, value) || wanted!.hides(setting, value),
  }
  terminal.out(`${plain(name)}${isSurplus ? ' (in no file)' : present === undefined ? ' (new)' : ''}\n`)
  for (const line of changeLines(changes, secrets)) terminal.out(`  ${line}\n`)
  return true
}

export const diff = declared(diffNode)
