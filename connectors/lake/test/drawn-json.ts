/** JSON documents of orders, most of them as people write them, and many odd or damaged ones. */
import type { SeededRandom } from '@sluice/sdk/testing'

/** One that every schema of the tests takes. */
export function orderText(id: number): string {
  return `{"id":${id},"seq":9007199254740993,"small":1,"sm,all":2,"int":70000,"name":"Łódź","ok":true,"x":1.5,"f":0.1,"day":19000,"at":1760000000000,"address":{"city":"東京","geo":{"lat":84.05,"id":7}}}`
}

const NAMES = [
  'id',
  'seq',
  'small',
  'sm,all',
  'int',
  'name',
  'ok',
  'x',
  'f',
  'day',
  'at',
  'address',
  'more',
  '__proto__',
]

const NUMBERS = [
  '0', '-0', '1', '-1', '127', '128', '-128', '-129', '32768', '2147483647', '2147483648', '-2147483648', '999999999999999',
  '-999999999999999', '1000000000000000', '9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740993',
  '4294967296000000000', '9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775807',
  '18446744073709551616', '123456789012345678901234567890', '1.0', '1.50', '-0.0', '0.001', '0.0001', '0.00100', '12345678.5',
  '1234567.25', '0.1', '1e3', '1E+2', '1e400', '-1e400', '1e-400', '2.2250738585072014e-308', '0.30000000000000004',
  '123456789.123456789', '9999999999999.99', '84.054455', '-18.292863', '5e-324', '007', '1.', '.5', '-', '+1', 'NaN',
] // prettier-ignore

const STRINGS = [
  '', 'a', 'Zürich', '東京', '😀', 'tab\\t', '\\u0041', '\\ud83d\\ude00', '\\ud800', '\\udc00x', 'q\\"q', 'b\\\\b', 's\\/s',
  '\\x', '\\u12', 'line\nfeed', '\u007f', '\u2028', '\ufffd', 'MTIz', 'x'.repeat(70), 'long '.repeat(200),
] // prettier-ignore

/** @param wrap puts the order's text where the value has it */
export function document(random: SeededRandom, wrap: (json: string) => string): Buffer {
  const text = wrap(random.isOneIn(8) ? value(random, 0) : order(random))
  const bytes = Buffer.from(random.isOneIn(20) ? spaced(text, random) : text)
  return random.isOneIn(6) ? damaged(bytes, random) : bytes
}

function order(random: SeededRandom): string {
  const names = NAMES.slice(0, -2).filter((name) => !random.isOneIn(name === 'id' ? 50 : 12))
  if (random.isOneIn(8)) names.push(random.pick(NAMES))
  if (random.isOneIn(6)) names.reverse()
  const members = names.map((name) => {
    const at = random.isOneIn(200) ? `\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}` : name
    return `"${at}":${random.isOneIn(30) ? value(random, 1) : fitting(name, random)}`
  })
  return `{${members.join(',')}}`
}

/** A value as the column has it, mostly. */
function fitting(name: string, random: SeededRandom): string {
  if (name !== 'id' && random.isOneIn(10)) return 'null'
  switch (name) {
    case 'name':
      return `"${random.isOneIn(4) ? random.pick(STRINGS) : `n${random.below(1000)}`}"`
    case 'ok':
      return random.isOneIn(2) ? 'true' : 'false'
    case 'small':
    case 'sm,all':
      return String(random.below(256) - 128)
    case 'x':
    case 'f':
      return (random.below(2_000_000_000) / 1000 - 1e6).toFixed(random.below(7))
    case 'seq':
      return String(BigInt(random.below(2 ** 31)) * BigInt(random.below(2 ** 31)) * (random.isOneIn(2) ? 1n : -1n))
    case 'address':
      return address(random)
    default:
      return String(random.below(1_000_000))
  }
}

function address(random: SeededRandom): string {
  const geo = `{"lat":${(random.below(180_000_000) / 1e6 - 90).toFixed(6)},"id":${random.pick(NUMBERS.slice(0, 20))}}`
  const parts = [`"city":"${random.pick(STRINGS.slice(0, 5))}"`, `"geo":${random.isOneIn(6) ? 'null' : geo}`]
  if (random.isOneIn(8)) parts.push(random.pick([`"city":"twice"`, `"geo":{"id":1}`, `"7":1`, `"other":[1,{"a":[]}]`]))
  return `{${(random.isOneIn(12) ? parts.slice(1) : parts).join(',')}}`
}

/** Any value. */
function value(random: SeededRandom, depth: number): string {
  switch (random.below(depth > 4 ? 4 : 7)) {
    case 0:
      return random.pick(['null', 'true', 'false', 'nul', 'True', ''])
    case 1:
    case 2:
      return random.pick(NUMBERS)
    case 3:
      return `"${random.pick(STRINGS)}"`
    case 4:
      return `[${Array.from({ length: random.below(4) }, () => value(random, depth + 1)).join(',')}]`
    case 5:
      return random.isOneIn(30) ? '['.repeat(1200) + ']'.repeat(1200) : address(random)
    default:
      return `{${Array.from({ length: random.below(5) }, () => `"${random.pick(NAMES)}":${value(random, depth + 1)}`).join(',')}}`
  }
}

/** With blanks around what may have them around it. */
function spaced(text: string, random: SeededRandom): string {
  return text.replaceAll(/[{}[\]:,]/g, (char) => `${random.pick(BLANKS)}${char}${random.pick(BLANKS)}`)
}

const BLANKS = ['', ' ', '\n', '\t', '\r\n', '  ']

function damaged(bytes: Buffer, random: SeededRandom): Buffer {
  const at = random.below(bytes.length + 1)
  const rest = bytes.subarray(at)
  switch (random.below(6)) {
    case 0:
      return bytes.subarray(0, at)
    case 1:
      return Buffer.concat([bytes.subarray(0, at), Buffer.of(random.below(256)), rest])
    case 2:
      return Buffer.concat([bytes.subarray(0, at), Buffer.of(random.below(256)), rest.subarray(1)])
    case 3:
      return Buffer.concat([Buffer.from('\ufeff'), bytes])
    case 4:
      return Buffer.concat([bytes, Buffer.from(random.pick([' ', '\n', 'x', '{}', ',', '}', '\0']))])
    default:
      return Buffer.concat([bytes.subarray(0, at), rest.subarray(1)])
  }
}
