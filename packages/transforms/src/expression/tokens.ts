/** An expression's text as tokens. */

export type Token =
  | { readonly kind: 'literal'; readonly value: string | number; readonly at: number }
  | { readonly kind: 'name' | 'sign'; readonly value: string; readonly at: number }

/** Blank, number, text in single or double quotes, name, sign: the longest of these that is there. */
const TOKEN =
  /\s+|(\d+(?:\.\d+)?)(?![\w$])|'((?:[^'\\]|\\[^])*)'|"((?:[^"\\]|\\[^])*)"|([A-Za-z_$][\w$]*)|(===|!==|==|!=|<=|>=|&&|\|\||\?\.|\?:|[-+*/%<>!?:.,()[\]])/y

/** @throws SyntaxError for what is no token */
export function tokens(text: string): readonly Token[] {
  const found: Token[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (match === null) throw new SyntaxError(`unexpected ${JSON.stringify(text[at])} at position ${at + 1}`)
    const [, number, single, double, name, sign] = match
    const quoted = single ?? double
    if (number !== undefined) found.push({ kind: 'literal', value: Number(number), at })
    else if (quoted !== undefined) found.push({ kind: 'literal', value: unescaped(quoted), at })
    else if (name !== undefined) found.push({ kind: 'name', value: name, at })
    else if (sign !== undefined) found.push({ kind: 'sign', value: sign, at })
  }
  return found
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }

function unescaped(text: string): string {
  return text.replaceAll(/\\([^])/g, (_, char: string) => ESCAPES[char] ?? char)
}
