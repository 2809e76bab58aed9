/** `response.http.headers.config` (KIP-577): headers that every answer has. */
import type { ServerResponse } from 'node:http'

export type HeaderAction = 'set' | 'add' | 'setDate' | 'addDate'

export interface HeaderRule {
  readonly action: HeaderAction
  readonly name: string
  /** Of the dates: milliseconds from now. */
  readonly value: string
}

const ACTIONS: readonly string[] = ['set', 'add', 'setDate', 'addDate']

/**
 * `set X-Frame-Options: DENY, "add Cache-Control: no-cache, no-store"`: rules with commas are quoted.
 * @throws Error that says which rule is wrong
 */
export function parseHeaderRules(text: string): readonly HeaderRule[] {
  return splitQuoted(text).map((rule) => {
    const [, action, name, value] = /^(\S+)\s+([^\s:]+)\s*:\s*(.*)$/.exec(rule) ?? []
    if (action === undefined || name === undefined || value === undefined)
      throw new Error(`Invalid format of header config '${rule}'. Expected: '[action] [header name]:[header value]'`)
    if (!ACTIONS.includes(action))
      throw new Error(`Invalid header config action '${action}'. Expected one of: ${ACTIONS.join(', ')}`)
    if (action.endsWith('Date') && !/^-?\d+$/.test(value))
      throw new Error(`Invalid date '${value}' of header '${name}'. Expected: milliseconds from now`)
    if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) throw new Error(`Invalid header name '${name}'`)
    if (/[^\t\x20-\x7e\xa0-\xff]/.test(value)) throw new Error(`Invalid value of header '${name}'`)
    return { action: action as HeaderAction, name, value }
  })
}

export function addHeaders(response: ServerResponse, rules: readonly HeaderRule[], now: number): void {
  for (const { action, name, value } of rules) {
    const text = action.endsWith('Date') ? new Date(now + Number(value)).toUTCString() : value
    if (action.startsWith('set')) response.setHeader(name, text)
    else response.appendHeader(name, text)
  }
}

function splitQuoted(text: string): string[] {
  const parts = text.match(/(?:"[^"]*"|[^,"])+/g) ?? []
  return parts.map((part) => part.replaceAll('"', '').trim()).filter((part) => part !== '')
}
