#!/usr/bin/env node
/** `sluice`: finds the command, runs it, and turns its outcome into an exit status: those of command-line/exit-status.ts. */
import { describeError, nearestName, SluiceError } from '@sluice/sdk'
import { endProcess } from './command-line/process-end.ts'
import type { Command } from './commands/command.ts'
import { commands, commandSections } from './commands/index.ts'

const [name, ...args] = process.argv.slice(2)

/** Signals closer together than this are one. */
const ONE_SIGNAL_MS = 1000

async function main(name: string | undefined, args: readonly string[]): Promise<number> {
  if (name === '--version') {
    process.stdout.write(`${(await import('./version.ts')).CONNECT_VERSION}\n`)
    return 0
  }
  const [about, ...below] = args
  if (name === 'help' && about !== undefined && !about.startsWith('-')) return main(about, [...below, '--help'])
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(usage())
    return name === undefined ? 2 : 0
  }
  const command = commands.find((candidate) => candidate.name === name)
  if (command === undefined) {
    const near = nearestName(
      name,
      commands.map((candidate) => candidate.name),
    )
    process.stderr.write(
      `sluice: there is no command "${name}"${near === undefined ? '' : `; did you mean "${near}"?`}\n\n${usage()}`,
    )
    return 2
  }
  return run(command, args)
}

async function run(command: Command, args: readonly string[]): Promise<number> {
  const interrupted = new AbortController()
  let since = 0
  const stop = (): void => {
    // npm and the terminal may both hand on one Ctrl-C; only a later one is meant as "now". What is committed is safe at any moment.
    if (interrupted.signal.aborted && performance.now() - since > ONE_SIGNAL_MS) void endProcess(130)
    if (!interrupted.signal.aborted) since = performance.now()
    interrupted.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  try {
    return await command.run(args, interrupted.signal)
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'INTERRUPTED') {
      process.stderr.write(`sluice: ${error.message}\n`)
      return 130
    }
    process.stderr.write(`sluice: ${describeError(error)}\n`)
    return command.exitStatus(error)
  } finally {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
  }
}

function usage(): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  const sections = commandSections.map(({ title, commands }) => {
    const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`)
    return `${title}:\n${lines.join('')}`
  })
  return `Usage: sluice <command>\n\n${sections.join('\n')}\n  sluice help <command> says more.\n`
}

const status = await main(name, args)
if (commands.some((command) => command.name === name && command.isServer)) await endProcess(status)
process.exitCode = status
