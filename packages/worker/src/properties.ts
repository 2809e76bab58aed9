/**
 * Java's properties format (`java.util.Properties.load`), because that is what operators' worker and connector files are written in:
 * `key=value`, `key: value` or `key value`; `#` and `!` comments; a backslash continues a line or escapes a character; later wins.
 */
import fs from 'node:fs/promises'
import { SluiceError, type RawSettings } from '@sluice/sdk'

/** Reads a properties file (UTF-8). @throws SluiceError SETTINGS_INVALID naming the file when it cannot be read */
export async function readProperties(file: string): Promise<RawSettings> {
  let text: string
  try {
    text = await fs.readFile(file, 'utf8')
  } catch (cause) {
    throw new SluiceError('SETTINGS_INVALID', `Cannot read the properties file ${file}`, {
      cause,
      remedy: 'Give the path of a readable properties file.',
    })
  }
  return parseProperties(text)
}

/** The settings in a properties text. */
export function parseProperties(text: string): RawSettings {
  const settings: Record<string, string> = Object.create(null) as Record<string, string>
  for (const line of logicalLines(text)) {
    const [key, value] = splitKey(line)
    settings[unescape(key)] = unescape(value)
  }
  return { ...settings }
}

/** A properties text that `parseProperties` reads back as the same settings. */
export function formatProperties(settings: RawSettings): string {
  return Object.entries(settings)
    .map(([key, value]) => `${escape(key).replaceAll(/([ =:])/g, '\\$1')}=${escape(value).replace(/^ /, '\\ ')}\n`)
    .join('')
}

function* logicalLines(text: string): Generator<string> {
  let open = ''
  for (const raw of text.split(/\r\n|\n|\r/)) {
    const line = raw.replace(/^[ \t\f]+/, '')
    if (open === '' && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue
    const backslashes = /\\*$/.exec(line)![0].length
    if (backslashes % 2 === 1) {
      open += line.slice(0, -1)
      continue
    }
    yield open + line
    open = ''
  }
  if (open !== '') yield open
}

function splitKey(line: string): [string, string] {
  let end = 0
  while (end < line.length && !' \t\f=:'.includes(line[end]!)) end += line[end] === '\\' ? 2 : 1
  const separator = /^[ \t\f]*[=:]?[ \t\f]*/.exec(line.slice(end))![0]
  return [line.slice(0, end), line.slice(end + separator.length)]
}

function unescape(text: string): string {
  return text.replaceAll(/\\(u[0-9a-fA-F]{4}|[\s\S])/g, (_, what: string) => {
    if (what.length === 5) return String.fromCharCode(Number.parseInt(what.slice(1), 16))
    return { t: '\t', n: '\n', r: '\r', f: '\f' }[what] ?? what
  })
}

function escape(text: string): string {
  return text.replaceAll(/[\\\n\r\t\f#!]/g, (c) => {
    return { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\f': '\\f' }[c] ?? `\\${c}`
  })
}
