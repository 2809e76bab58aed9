import { leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { completionScript, type Shell, SHELLS } from '../command-line/completion.ts'
import { EXIT } from '../command-line/exit-status.ts'

export const completionNode = leaf({
  name: 'completion',
  summary: 'Writes a script that completes sluice’s commands, options and connectors in a shell',
  operands: [{ name: 'SHELL', choices: SHELLS, documentation: SHELLS.join(', ') }],
  options: {},
  details: 'Names of connectors are asked of the worker of SLUICE_CONNECT.',
  examples: [
    'completion bash > /etc/bash_completion.d/sluice',
    'completion zsh > "${fpath[1]}/_sluice"',
    'completion fish > ~/.config/fish/completions/sluice.fish',
  ],
  async run({ operands: [shell], terminal }) {
    const { commands } = await import('./index.ts')
    terminal.out(completionScript(shell as Shell, commands))
    return EXIT.ok
  },
})

export const completion = declared(completionNode)
