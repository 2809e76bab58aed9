/**
 * `-o jsonpath=TEMPLATE`, the part of kubectl's that scripts use: text, and in braces a path (`{.name}`, `{.tasks[*].state}`, `{.items[-1]}`,
 * `{['connector.class']}`, `{..state}`) or a text in quotation marks (`{"\n"}`).
 */
import { SluiceError } from '@sluice/sdk'

type Step = { readonly member: string } | { readonly index: number } | 'all' | 'below'
type Part = { readonly text: string } | { readonly path: readonly Step[] }

/** What the template makes of the document. @throws SluiceError USAGE_INVALID for a template that cannot be read */
export function jsonPathText(template: string, document: unknown): string {
  return partsOf(template)
    .map((part) => ('text' in part ? part.text : found(document, part.path).map(shown).join(' ')))
    .join('')
}

function partsOf(template: string): readonly Part[] {
  const parts: Part[] = []
  let at = 0
  while (at < template.length) {
    const open = template.indexOf('{', at)
    if (open === -1) return [...parts, { text: template.slice(at) }]
    if (open > at) parts.push({ text: template.slice(at, open) })
    const inside = /^\{\s*("(?:[^"\\]|\\.)*"|[^}"]*?)\s*\}/.exec(template.slice(open))
    if (inside === null) throw unreadable(template, 'a brace is not closed')
    const [whole, content] = inside
    parts.push(content!.startsWith('"') ? { text: quoted(content!, template) } : { path: stepsOf(content!, template) })
    at = open + whole.length
  }
  return parts
}

function quoted(content: string, template: string): string {
  try {
    return JSON.parse(content) as string
  } catch {
    throw unreadable(template, `${content} is no text`)
  }
}

const STEP = /^(?:(\.\.)|\.?\[\s*(?:(\*)|(-?\d+)|'([^']*)')\s*\]|\.(\*)|\.?([\w-]+))/

function stepsOf(content: string, template: string): readonly Step[] {
  const steps: Step[] = []
  let rest = content.replace(/^[$@]/, '')
  if (rest === '.') return steps
  while (rest !== '') {
    const step = STEP.exec(rest)
    if (step === null) throw unreadable(template, `'${rest}' is no path`)
    const [whole, below, all, index, quotedName, star, name] = step
    if (below !== undefined) steps.push('below')
    else if (all !== undefined || star !== undefined) steps.push('all')
    else if (index !== undefined) steps.push({ index: Number(index) })
    else steps.push({ member: quotedName ?? name! })
    rest = rest.slice(whole.length)
    // Behind `..` a name stands without a dot of its own.
    if (below !== undefined && rest === '') throw unreadable(template, '.. needs a name')
  }
  return steps
}

function found(document: unknown, steps: readonly Step[]): readonly unknown[] {
  let here: readonly unknown[] = [document]
  for (const step of steps) here = here.flatMap((value) => taken(value, step))
  return here
}

function taken(value: unknown, step: Step): readonly unknown[] {
  if (step === 'all') return childrenOf(value)
  if (step === 'below') return [value, ...childrenOf(value).flatMap((child) => taken(child, 'below'))]
  if ('index' in step) {
    const item = Array.isArray(value) ? (value as readonly unknown[]).at(step.index) : undefined
    return item === undefined ? [] : [item]
  }
  const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, step.member)
  return isObject ? [(value as Readonly<Record<string, unknown>>)[step.member]] : []
}

function childrenOf(value: unknown): readonly unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : []
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function unreadable(template: string, why: string): SluiceError {
  return new SluiceError('USAGE_INVALID', `--output is 'jsonpath=${template}', which cannot be read: ${why}`, {
    remedy: "Write it as in -o jsonpath='{.connector.state}' or '{[*].name}'; -o json | jq can do more.",
  })
}
