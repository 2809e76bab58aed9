/** The little XML that S3 speaks: tags without attributes. */

/** A value between tags: text, a list (the tag is repeated), or tags within. Undefined leaves the tag out. */
export type XmlValue =
  string | number | boolean | undefined | readonly XmlValue[] | { readonly [tag: string]: XmlValue }

export function xmlDocument(root: string, content: XmlValue): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, content)}`
}

/** The texts of all elements of that name, wherever they stand, without the tags inside of them. */
export function textsOf(xml: string, tag: string): string[] {
  return blocksOf(xml, tag).map(unescape)
}

/** The inner XML of all elements of that name, wherever they stand. */
export function blocksOf(xml: string, tag: string): string[] {
  const pattern = new RegExp(`<${tag}(?:\\s[^>]*)?>([\\s\\S]*?)</${tag}>`, 'g')
  return [...xml.matchAll(pattern)].map((match) => match[1]!)
}

function element(tag: string, value: XmlValue): string {
  if (value === undefined) return ''
  if (Array.isArray(value)) return value.map((item: XmlValue) => element(tag, item)).join('')
  if (typeof value !== 'object') return `<${tag}>${escape(String(value))}</${tag}>`
  const inner = Object.entries(value).map(([name, content]) => element(name, content))
  return `<${tag}>${inner.join('')}</${tag}>`
}

/** Characters that XML does not have come out as U+FFFD: names that hold them are only listed right when they are encoded. */
function escape(text: string): string {
  const known = text.replace(/[^\t\n\r\u0020-\ufffd]/g, '\ufffd')
  return known.replace(/[&<>"'\r\n]/g, (character) => `&#${character.charCodeAt(0)};`)
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function unescape(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
    return NAMED[name ?? ''] ?? whole
  })
}
