import { leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { changeLines, changesBetween } from '../connect/changes.ts'
import { connectOptions, openClient } from '../connect/connect-options.ts'
import { readConnectors } from '../connect/connector-files.ts'
import { forEach } from '../connect/each.ts'
import { fileOptions, filesGiven } from '../connect/file-options.ts'
import { plain } from '../connect/output.ts'
import { secretNames } from '../connect/secrets.ts'
import { configOf } from './apply.ts'

export const diffNode = leaf({
  name: 'diff',
  summary: 'Shows what apply would change',
  options: {
    ...fileOptions,
    'show-secrets': { type: 'flag', documentation: 'With the values of passwords and keys' },
    ...connectOptions,
  },
  details:
    'Lines with - are there now, lines with + in the files. Exit status 0 when nothing differs, 5 when something does.',
  examples: ['diff -f connectors/'],
  async run({ values, signal, terminal }) {
    const wanted = await readConnectors(filesGiven('diff', values.filename), terminal)
    const client = await openClient(values, terminal)
    return forEach(
      wanted,
      ({ name }) => name,
      terminal,
      async ({ name, config }) => {
        const present = await configOf(client, name, signal)
        const changes = changesBetween(present === undefined ? {} : { ...present, name }, config)
        if (changes.length === 0) return EXIT.ok
        const secrets = values['show-secrets']
          ? new Set<string>()
          : await secretNames(client, { ...present, ...config }, signal)
        terminal.out(`${plain(name)}${present === undefined ? ' (new)' : ''}\n`)
        for (const line of changeLines(changes, secrets)) terminal.out(`  ${line}\n`)
        return EXIT.differs
      },
    )
  },
})

export const diff = declared(diffNode)
