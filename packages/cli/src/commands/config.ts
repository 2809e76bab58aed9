/** `sluice config`: the clusters of the configuration file, in the words of kubectl. */
import path from 'node:path'
import { SluiceError } from '@sluice/sdk'
import { type Group, leaf, type Options } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { changeConfigFile } from '../command-line/config-writing.ts'
import {
  CONTEXT_SETTINGS,
  contextNamed,
  type Context,
  type ContextSetting,
  readConfigFile,
} from '../command-line/contexts.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { type Column, documentText, outputOptions, print } from '../connect/output.ts'
import { HIDDEN, secretsOptions } from '../connect/secrets.ts'

const name = { name: 'CONTEXT', completes: 'context', documentation: 'A context' } as const

interface Row {
  readonly name: string
  readonly isCurrent: boolean
  readonly context: Context
}

const columns: readonly Column<Row>[] = [
  { heading: 'CURRENT', of: ({ isCurrent }) => (isCurrent ? '*' : '') },
  { heading: 'NAME', of: ({ name }) => name },
  { heading: 'SERVER', of: ({ context }) => context.server && withoutPassword(context.server) },
  { heading: 'USER', of: ({ context }) => context.user },
  { heading: 'BOOTSTRAP', of: ({ context }) => context.bootstrap },
  {
    heading: 'SCHEMA REGISTRY',
    isWide: true,
    of: ({ context }) => context['schema-registry'] && withoutPassword(context['schema-registry']),
  },
]

const getContexts = leaf({
  name: 'get-contexts',
  summary: 'The clusters of the configuration file',
  options: outputOptions,
  async run({ values, terminal }) {
    const config = await readConfigFile(terminal.env)
    const rows = [...(config?.contexts ?? [])].map(([name, context]): Row => ({
      name,
      context: shown(context),
      isCurrent: name === config?.current,
    }))
    await print({ rows, columns, name: ({ name }) => name, document: rows }, values, terminal)
    if (rows.length === 0) terminal.err('There are none; sluice config set-context NAME makes one.\n')
    return EXIT.ok
  },
})

const currentContext = leaf({
  name: 'current-context',
  summary: 'The context that is used when none is asked for',
  options: {},
  async run({ terminal }) {
    const current = (await readConfigFile(terminal.env))?.current
    if (current === undefined)
      throw new SluiceError('USAGE_INVALID', 'There is no current context', {
        remedy: 'sluice config use-context NAME sets it.',
      })
    terminal.out(`${current}\n`)
    return EXIT.ok
  },
})

const useContext = leaf({
  name: 'use-context',
  summary: 'Sets the context that is used when none is asked for',
  operands: [name],
  options: {},
  examples: ['config use-context production'],
  async run({ operands: [context], terminal }) {
    contextNamed(await readConfigFile(terminal.env), context)
    await changeConfigFile(terminal.env, (document) => document.set('current', context))
    terminal.out(`${context} is the current context\n`)
    return EXIT.ok
  },
})

const setContext = leaf({
  name: 'set-context',
  summary: 'Makes a context, or changes what is given of one that is there',
  operands: [name],
  options: settingOptions(),
  details:
    'The first one becomes the current one. What is given as empty is removed. Paths of files are sought from the folder of the configuration\n' +
    'file when they are relative there; here they are made absolute.',
  examples: [
    'config set-context dev --server http://localhost:8083 --bootstrap localhost:9092',
    'config set-context production --server https://connect.example:8083 --user ada --cacert ca.pem',
  ],
  async run({ operands: [context], values, terminal }) {
    const given = Object.entries(values as Readonly<Record<ContextSetting, string | undefined>>)
    const isFirst = ((await readConfigFile(terminal.env))?.contexts.size ?? 0) === 0
    await changeConfigFile(terminal.env, (document) => {
      if (!document.hasIn(['contexts', context])) document.setIn(['contexts', context], document.createNode({}))
      for (const [setting, value] of given) {
        if (value === undefined) continue
        const at = ['contexts', context, setting]
        const isFile = CONTEXT_SETTINGS[setting as ContextSetting] === 'file'
        if (value === '') document.deleteIn(at)
        else document.setIn(at, isFile ? path.resolve(value) : value)
      }
      if (isFirst) document.set('current', context)
    })
    terminal.out(`context ${context} is set\n`)
    return EXIT.ok
  },
})

const deleteContext = leaf({
  name: 'delete-context',
  summary: 'Removes a context from the configuration file; nothing happens to the cluster',
  operands: [name],
  options: {},
  async run({ operands: [context], terminal }) {
    const config = await readConfigFile(terminal.env)
    contextNamed(config, context)
    await changeConfigFile(terminal.env, (document) => {
      document.deleteIn(['contexts', context])
      if (config?.current === context) document.delete('current')
    })
    terminal.out(`context ${context} is removed\n`)
    return EXIT.ok
  },
})

const view = leaf({
  name: 'view',
  summary: 'What the configuration file says, without passwords',
  options: secretsOptions,
  async run({ values, terminal }) {
    const config = await readConfigFile(terminal.env)
    const contexts = [...(config?.contexts ?? [])].map(
      ([name, context]) => [name, values['show-secrets'] ? context : shown(context)] as const,
    )
    const document = {
      ...(config?.current !== undefined && { current: config.current }),
      contexts: Object.fromEntries(contexts),
    }
    terminal.out(await documentText(document, 'yaml'))
    return EXIT.ok
  },
})

function settingOptions() {
  const texts: Readonly<Record<ContextSetting, string>> = {
    server: 'Address of any Connect worker of the cluster',
    user: 'User of Basic auth there',
    password: 'Its password; the file is then for its owner alone',
    cacert: 'PEM file of the authority that signed the worker’s certificate',
    bootstrap: 'Brokers of its Kafka, separated by commas',
    'command-config': 'Properties of Kafka’s clients, as for TLS and a login',
    'schema-registry': 'Where the schemas of its records are',
    'converter-config': 'Properties of converters, as for a login at the schema registry',
  }
  const options: Options = Object.fromEntries(
    Object.entries(texts).map(([setting, documentation]) => {
      const isFile = CONTEXT_SETTINGS[setting as ContextSetting] === 'file'
      return [
        setting,
        { type: 'text', value: isFile ? 'FILE' : 'VALUE', ...(isFile && { completes: 'file' }), documentation },
      ]
    }),
  )
  return options
}

function shown({ password, ...context }: Context): Context {
  return {
    ...context,
    ...(password !== undefined && { password: HIDDEN }),
    ...(context.server !== undefined && { server: withoutPassword(context.server) }),
    ...(context['schema-registry'] !== undefined && { 'schema-registry': withoutPassword(context['schema-registry']) }),
  }
}

function withoutPassword(url: string): string {
  return url.replace(/(:\/\/[^/?#\s:@]*):[^/?#\s]*@/, `$1:${HIDDEN}@`)
}

export const configNode: Group = {
  name: 'config',
  summary: 'Shows and changes the clusters that --context names',
  commands: [getContexts, currentContext, useContext, setContext, deleteContext, view],
}

export const config = declared(configNode)
