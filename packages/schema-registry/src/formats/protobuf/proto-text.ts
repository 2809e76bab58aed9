/** .proto files in one form: without comments, and with the same white space whoever wrote them. */

/** Comments, strings, numbers and names with their dots, and single signs. */
const TOKENS = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[\w.+-]+|\S/g

const NO_SPACE_BEFORE: ReadonlySet<string> = new Set([';', ',', ')', ']', '>', '.'])
const NO_SPACE_AFTER: ReadonlySet<string> = new Set(['(', '[', '<', '.'])

export function protoText(text: string): string {
  const lines: string[] = []
  let line = ''
  let last = ''
  let depth = 0
  const end = (): void => {
    if (line !== '') lines.push('  '.repeat(depth) + line)
    line = ''
    last = ''
  }
  for (const [token] of text.matchAll(TOKENS)) {
    if (token.startsWith('//') || token.startsWith('/*')) continue
    if (token === '}') {
      end()
      depth = Math.max(0, depth - 1)
    }
    const isTight = line === '' || NO_SPACE_BEFORE.has(token) || NO_SPACE_AFTER.has(last) || token === '<'
    line += isTight ? token : ` ${token}`
    last = token
    if (token === ';' || token === '{' || token === '}') {
      end()
      if (token === '{') depth += 1
    }
  }
  end()
  return `${lines.join('\n')}\n`
}
