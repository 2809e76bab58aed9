/** Scripts for shells, run by the shells where they are there. */
import { describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { completionScript, SHELLS, type Shell } from '../../src/command-line/completion.ts'
import type { CommandNode } from '../../src/command-line/declaration.ts'
import { isGroup } from '../../src/command-line/declaration.ts'
import { commands } from '../../src/commands/index.ts'

const isThere = (shell: Shell): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0
for (const shell of SHELLS)
  if (!isThere(shell)) console.log(`${shell} is not there: its completion is written, and not run.`)

/** What a shell offers behind these words; `sluice` itself answers with two connectors, whatever it is asked. */
const DRIVERS: Readonly<Record<Shell, (script: string, words: readonly string[]) => string>> = {
  bash: (script, words) => `${script}
sluice() { echo orders; echo customers; }
COMP_WORDS=(${words.map(quoted).join(' ')})
COMP_CWORD=${words.length - 1}
_sluice
printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: (script, words) => `compdef() { : }
${script}
sluice() { echo orders; echo customers }
compadd() { shift; print -l -- "$@" }
words=(${words.map(quoted).join(' ')})
CURRENT=${words.length}
_sluice`,
  fish: (script, words) => `${script}
function sluice; echo orders; echo customers; end
complete -C ${quoted(words.join(' '))} | string replace -r '\\t.*' ''`,
}

function offered(shell: Shell, ...words: string[]): readonly string[] {
  const { stdout, stderr } = spawnSync(shell, ['-c', DRIVERS[shell](completionScript(shell, commands), words)], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  expect(stderr).toBe('')
  return stdout.split('\n').filter((line) => line !== '')
}

describe.each(SHELLS)('%s', (shell) => {
  const where = isThere(shell) ? test : test.skip

  where('offers commands, and those below them', () => {
    expect(offered(shell, 'sluice', '')).toEqual(expect.arrayContaining(['get', 'apply', 'kafka']))
    const below = offered(shell, 'sluice', 'get', '')
    expect(below).toEqual(expect.arrayContaining(['connectors', 'offsets']))
    expect(below).not.toContain('apply')
  })

  where('offers the options of the command, and what an option can be', () => {
    const options = offered(shell, 'sluice', 'get', 'connectors', '-o', 'json', '--')
    expect(options).toEqual(expect.arrayContaining(['--watch', '--server']))
    expect(options).not.toContain('--follow')
    expect(offered(shell, 'sluice', 'get', 'connectors', '-o', '').toSorted()).toEqual([
      'json',
      'name',
      'table',
      'wide',
      'yaml',
    ])
  })

  where('offers commands behind help, and options of what runs by itself', () => {
    expect(offered(shell, 'sluice', 'help', '')).toEqual(expect.arrayContaining(['get', 'connect-standalone']))
    expect(offered(shell, 'sluice', 'kafka', '--')).toEqual(expect.arrayContaining(['--port', '--sasl-users']))
  })

  where('asks for the names of connectors', () => {
    expect(offered(shell, 'sluice', 'restart', '').toSorted()).toEqual(['customers', 'orders'])
  })

  test('names every option of every declared command', () => {
    const script = completionScript(shell, commands)
    const missing = commands
      .flatMap(({ node }) => (node === undefined ? [] : optionsOf(node)))
      .filter((name) => {
        return !script.includes(shell === 'fish' ? `-l ${name}` : `--${name}`)
      })
    expect(missing).toEqual([])
  })
})

function optionsOf(node: CommandNode): readonly string[] {
  return isGroup(node) ? node.commands.flatMap(optionsOf) : Object.keys(node.options)
}

function quoted(text: string): string {
  return `'${text}'`
}
