/**
 * Records are written by anybody, and a line of the log is one record's: what would end a line, move the cursor of a terminal or turn
 * the direction of writing is written as its code.
 */
const BEYOND_ASCII = String.raw`\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069`
const UNPRINTABLE = new RegExp(String.raw`[\u0000-\u001f${BEYOND_ASCII}]`, 'g')
const UNPRINTABLE_IN_JSON = new RegExp(`[${BEYOND_ASCII}]`, 'g')
const NAMES: Readonly<Record<string, string>> = {
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
}

/** The text on one line. */
export function oneLine(text: string): string {
  return text.replaceAll(UNPRINTABLE, (char) => NAMES[char] ?? code(char))
}

/** JSON that is the same JSON: there all of them are in texts, and those of ASCII are written so already. */
export function inJsonText(json: string): string {
  return json.replaceAll(UNPRINTABLE_IN_JSON, code)
}

/** As much of the text as fits, and how much there was. */
export function cut(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text
  const note = `… (${text.length} characters)`
  return text.slice(0, Math.max(0, charsMax - note.length)).replace(/[\ud800-\udbff]$/, '') + note
}

function code(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}
