/** The members of an interface as its source declares them, for pages that list options with their documentation. */
import fs from 'node:fs'
import path from 'node:path'
import { root } from './house-files.ts'

export interface DeclaredOption {
  readonly name: string
  readonly type: string
  readonly documentation: string
  readonly isRequired: boolean
}

/** @throws Error when the file has no such interface, or the interface no options: the page would lie by silence */
export function declaredOptions(file: string, name: string): readonly DeclaredOption[] {
  const source = fs.readFileSync(path.join(root, file), 'utf8')
  const body = new RegExp(`^export interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)^\\}`, 'm').exec(source)?.[1]
  const members = body?.matchAll(
    /^  (?:\/\*\*([\s\S]*?)\*\/\s*)?readonly (\w+)(\??): ([\s\S]*?)(?=\n  (?:readonly|\/\*\*)|\n$)/gm,
  )
  const options = Array.from(members ?? [], ([, comment = '', option, mark, type]) => ({
    name: option!,
    type: type!.replaceAll(/\s+/g, ' ').trim(),
    documentation: comment
      .replaceAll(/^\s*\*/gm, '')
      .replaceAll(/\s+/g, ' ')
      .trim(),
    isRequired: mark === '',
  }))
  if (options.length === 0) throw new Error(`${file} declares no interface ${name} with options`)
  return options
}
