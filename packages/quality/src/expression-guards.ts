/**
 * What an expression may not do, found by walking its syntax tree before it ever runs, and what it reads.
 *
 * CEL's own `matches` is the JavaScript engine's backtracking matcher: a pattern such as `^(a+)+$` doubles its time with every
 * character of the text, on the only thread there is. It cannot be replaced by a function of the same name, so it is refused.
 */
import type { ASTNode } from '@marcbachmann/cel-js'

/** What an expression reads of one container: all of it, or some members. */
export interface Need {
  whole: boolean
  readonly members: Map<string, Need>
}

export interface ExpressionFacts {
  /** What is read, by variable. */
  readonly needs: ReadonlyMap<string, Need>
  /** Patterns given to `re2`. */
  readonly patterns: readonly string[]
  /** How deep loops nest: 0 without any. */
  readonly loopDepth: number
  /** Whether work or memory may grow faster than what is read: loops, `split`, `join`. */
  readonly grows: boolean
  /** What is refused, in words. */
  readonly refusals: readonly string[]
}

const LOOPS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])
const BINDERS: ReadonlySet<string> = new Set([...LOOPS, 'bind'])
const GROWING: ReadonlySet<string> = new Set([...LOOPS, 'split', 'join'])

/** Walks the tree of an expression over these variables. */
export function inspectExpression(ast: ASTNode, variables: readonly string[]): ExpressionFacts {
  const needs = new Map<string, Need>()
  const patterns: string[] = []
  const refusals: string[] = []
  let loopDepth = 0
  let grows = false

  const need = (names: readonly string[]): void => {
    let members = needs
    for (const [i, name] of names.entries()) {
      let found = members.get(name)
      if (found === undefined) members.set(name, (found = { whole: false, members: new Map() }))
      if (i === names.length - 1) found.whole = true
      members = found.members
    }
  }

  const call = (name: string, args: readonly ASTNode[], isMethod: boolean): void => {
    if (name === 'matches') refusals.push('matches() can run away on some texts: use re2(text, "pattern")')
    if (name === 're2') {
      const pattern = args[isMethod ? 0 : 1]
      if (pattern?.op === 'value' && typeof pattern.args === 'string') patterns.push(pattern.args)
      else refusals.push('the pattern of re2() must be a literal text')
    }
    const [variable] = args
    if (isMethod && BINDERS.has(name) && variable?.op === 'id' && variables.includes(variable.args))
      refusals.push(`${variable.args} is a variable of the record: give the variable of ${name}() another name`)
    if (GROWING.has(name)) grows = true
  }

  const visit = (node: ASTNode, depth: number): void => {
    loopDepth = Math.max(loopDepth, depth)
    const names = namesOf(node)
    if (names !== null) {
      if (variables.includes(names[0]!)) need(names)
      return
    }
    if (node.op === 'call') call(node.args[0], node.args[1], false)
    if (node.op !== 'rcall') return children(node.args, (child) => visit(child, depth))
    const [name, receiver, args] = node.args
    call(name, args, true)
    visit(receiver, depth)
    for (const child of args) visit(child, LOOPS.has(name) ? depth + 1 : depth)
  }

  visit(ast, 0)
  return { needs, patterns, refusals, loopDepth, grows }
}

/** `value.a["b"]` as its names, or null for anything else. */
function namesOf(node: ASTNode): string[] | null {
  if (node.op === 'id') return [node.args]
  let name: unknown
  if (node.op === '.') name = node.args[1]
  else if (node.op === '[]' && node.args[1].op === 'value') name = node.args[1].args
  else return null
  if (typeof name !== 'string') return null
  const names = namesOf(node.args[0])
  names?.push(name)
  return names
}

function children(args: unknown, visit: (node: ASTNode) => void): void {
  if (Array.isArray(args)) for (const arg of args) children(arg, visit)
  else if (typeof args === 'object' && args !== null && 'op' in args && 'args' in args) visit(args as ASTNode)
}
