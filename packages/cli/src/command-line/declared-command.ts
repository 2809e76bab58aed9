/** From a declaration to a command of `sluice`. */
import { nearestName } from '@sluice/sdk'
import type { Command } from '../commands/command.ts'
import { readConfigFile } from './contexts.ts'
import { type AnyLeaf, type CommandNode, isGroup, type Terminal } from './declaration.ts'
import { exitStatusOf } from './exit-status.ts'
import { helpOf } from './help.ts'
import { find, parse, usage, wantsHelp } from './parse.ts'
import { systemTerminal } from './system-terminal.ts'

/** @param terminal asked when the command runs */
export function declared(node: CommandNode, terminal: (isForReaders?: boolean) => Terminal = systemTerminal): Command {
  return {
    name: node.name,
    summary: node.summary,
    node,
    isServer: !isGroup(node) && node.isServer === true,
    exitStatus: (error) => (isGroup(node) ? undefined : node.exitStatus?.(error)) ?? exitStatusOf(error),
    async run(args, signal) {
      const found = find(node, args)
      if (wantsHelp(found.rest)) {
        terminal(true).out(helpOf(found.path, found.node))
        return 0
      }
      const leaf = leafOf(found.path, found.node, found.rest[0])
      const io = terminal(leaf.endsUnread)
      const config = Object.hasOwn(leaf.options, 'context') ? await readConfigFile(io.env) : undefined
      const { values, operands } = parse(found.path, leaf, found.rest, io.env, config)
      if (config?.isExposed) io.err(`${config.file} holds a password and others may read it: chmod 600 it\n`)
      return leaf.run({ values: values as never, operands, signal, terminal: io })
    },
  }
}

function leafOf(path: readonly string[], node: CommandNode, word: string | undefined): AnyLeaf {
  if (!isGroup(node)) return node
  const names = node.commands.map(({ name }) => name)
  if (word === undefined) throw usage(path, `${path.join(' ')} needs one of ${names.join(', ')}`)
  const near = nearestName(word, names)
  throw usage(
    path,
    `There is no ${path.join(' ')} ${word}${near === undefined ? `; there are ${names.join(', ')}` : `; did you mean ${near}?`}`,
  )
}
