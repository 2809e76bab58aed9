/** Completion for shells, written from the declarations: what a script offers is what the command knows. */
import type { Command } from '../commands/command.ts'
import { type CommandNode, type Completes, isGroup, type OptionDeclaration } from './declaration.ts'

/** A place on the command line: behind these words. */
interface Place {
  /** ` get connectors`; '' behind `sluice` itself. */
  readonly at: string
  readonly words: readonly { readonly word: string; readonly summary: string }[]
  readonly options: readonly (readonly [name: string, OptionDeclaration])[]
  readonly operand: Completes | readonly string[] | undefined
}

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** Asks the worker of SLUICE_CONNECT, or of the current context, for names, briefly. */
const ASKS: Readonly<Record<Exclude<Completes, 'file'>, string>> = {
  connector: 'sluice get connectors -o name --timeout 3s',
  processor: 'sluice processors list -o name --timeout 3s',
  plugin: 'sluice plugins -o name --timeout 3s',
  logger: 'sluice get loggers -o name --timeout 3s',
  context: 'sluice config get-contexts -o name',
}

export function completionScript(shell: Shell, commands: readonly Command[]): string {
  const places = placesOf(commands)
  if (shell === 'fish') return fish(places)
  return shell === 'bash' ? bash(places) : zsh(places)
}

function placesOf(commands: readonly Command[]): readonly Place[] {
  const root: Place = {
    at: '',
    words: [
      ...commands.map(({ name, summary }) => ({ word: name, summary })),
      { word: 'help', summary: 'Says how a command is called' },
    ],
    options: [],
    operand: undefined,
  }
  return [root, help(commands), ...commands.flatMap(({ node }) => placesBelow('', node))]
}

/** `sluice help X` is `sluice X --help`. */
function help(commands: readonly Command[]): Place {
  return {
    at: ' help',
    words: commands.map(({ name, summary }) => ({ word: name, summary })),
    options: [],
    operand: undefined,
  }
}

function placesBelow(above: string, node: CommandNode): readonly Place[] {
  const at = `${above} ${node.name}`
  if (isGroup(node)) {
    const words = node.commands.map(({ name, summary }) => ({ word: name, summary }))
    return [{ at, words, options: [], operand: undefined }, ...node.commands.flatMap((child) => placesBelow(at, child))]
  }
  const operand = node.operands?.find(({ choices, completes }) => choices !== undefined || completes !== undefined)
  return [{ at, words: [], options: Object.entries(node.options), operand: operand?.choices ?? operand?.completes }]
}

function flagsOf([name, { short }]: readonly [string, OptionDeclaration]): readonly string[] {
  return short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`]
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** How a shell offers words, files and names. */
interface Offers {
  words(words: readonly string[]): string
  readonly files: string
  names(ask: string): string
}

function offer(what: Completes | readonly string[], offers: Offers): string {
  if (typeof what !== 'string') return offers.words(what)
  return what === 'file' ? offers.files : offers.names(ASKS[what])
}

function bash(places: readonly Place[]): string {
  const offers: Offers = {
    words: (words) => `COMPREPLY=($(compgen -W ${quoted(words.join(' '))} -- "$cur"))`,
    files: 'COMPREPLY=($(compgen -f -- "$cur"))',
    names: (ask) => `COMPREPLY=($(compgen -W "$(${ask} 2>/dev/null)" -- "$cur"))`,
  }
  return `# sluice completion bash; source it, or write it to /etc/bash_completion.d/sluice
_sluice() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" at='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${allPlaces(places)}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
${body(places, offers, '')}
}
complete -F _sluice sluice
`
}

function zsh(places: readonly Place[]): string {
  const offers: Offers = {
    words: (words) => `compadd -- ${words.map(quoted).join(' ')}`,
    files: '_files',
    names: (ask) => `compadd -- \${(f)"$(${ask} 2>/dev/null)"}`,
  }
  return `#compdef sluice
# sluice completion zsh; source it behind compinit, or write it to a folder of $fpath as _sluice
_sluice() {
  local cur="\${words[CURRENT]}" prev="\${words[CURRENT-1]}" at='' i
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
      ${allPlaces(places)}) at="$at \${words[i]}" ;;
    esac
  done
${body(places, offers, '')}
}
compdef _sluice sluice
# As a file of $fpath it is run, not sourced, the first time.
[[ $funcstack[1] == _sluice ]] && _sluice
true
`
}

function allPlaces(places: readonly Place[]): string {
  return places
    .filter(({ at }) => at !== '')
    .map(({ at }) => quoted(at))
    .join('|')
}

/** The part that bash and zsh have in common but for how they offer. */
function body(places: readonly Place[], offers: Offers, indent: string): string {
  const values = places.flatMap(({ at, options }) =>
    options.flatMap((option) => {
      const [, { type, choices, completes, isValueOptional }] = option
      const what = choices ?? completes
      if (type === 'flag' || isValueOptional || what === undefined) return []
      const patterns = flagsOf(option).map((flag) => quoted(`${at}|${flag}`))
      return [`    ${patterns.join('|')}) ${offer(what, offers)}; return ;;`]
    }),
  )
  const words = places.map(({ at, words, options, operand }) => {
    const flags = [...options.flatMap(flagsOf), '--help']
    const rest =
      words.length > 0
        ? offers.words(words.map(({ word }) => word))
        : operand === undefined
          ? ':'
          : offer(operand, offers)
    return `    ${quoted(at)}) if [[ $cur == -* ]]; then ${offers.words(flags)}; else ${rest}; fi ;;`
  })
  return [`  case "$at|$prev" in`, ...values, '  esac', `  case "$at" in`, ...words, '  esac']
    .map((line) => indent + line)
    .join('\n')
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ at, words, options, operand }) => {
    const here = `complete -c sluice -n "__sluice_at ${quoted(at)}"`
    const ofOperand =
      operand === undefined
        ? []
        : operand === 'file'
          ? [`${here} -F`]
          : [
              `${here} -a ${typeof operand === 'string' ? quoted(`(${ASKS[operand]} 2>/dev/null)`) : quoted(operand.join(' '))}`,
            ]
    return [
      ...words.map(({ word, summary }) => `${here} -a ${quoted(word)} -d ${quoted(summary)}`),
      ...options.map(([name, option]) => `${here} ${fishOption(name, option)}`),
      ...ofOperand,
    ]
  })
  const cases = places.filter(({ at }) => at !== '').map(({ at }) => quoted(at))
  return `# sluice completion fish; write it to ~/.config/fish/completions/sluice.fish
function __sluice_at
    set -l at ''
    for word in (commandline -opc)[2..-1]
        switch "$at $word"
            case ${cases.join(' ')}
                set at "$at $word"
        end
    end
    test "$at" = "$argv[1]"
end
complete -c sluice -f
complete -c sluice -l help -s h -d 'Says how it is called'
${lines.join('\n')}
`
}

function fishOption(
  name: string,
  { type, short, choices, completes, documentation, isValueOptional }: OptionDeclaration,
): string {
  const needs = type === 'flag' || isValueOptional ? '' : completes === 'file' ? ' -r -F' : ' -x'
  const words = choices === undefined || type === 'flag' ? '' : ` -a ${quoted(choices.join(' '))}`
  const also = short === undefined ? '' : ` -s ${short}`
  return `-l ${name}${also}${needs}${words} -d ${quoted(documentation)}`
}
