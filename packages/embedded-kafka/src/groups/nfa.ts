/** What a regular expression is made of. `set` is one character. */
export type Expression =
  | { readonly kind: 'set'; readonly has: (code: number) => boolean }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Expression[] }
  | { readonly kind: 'repeat'; readonly of: Expression; readonly min: number; readonly max: number }

type Step =
  | { readonly kind: 'set'; readonly has: (code: number) => boolean }
  | { readonly kind: 'start' | 'end' | 'match' }
  | { readonly kind: 'fork'; first: number; second: number }

/** More steps are an expression that was made to be large: `(a{999}){999}`. */
const STEPS_MAX = 10_000

/**
 * Matches whole texts in time proportional to their length (Thompson's construction), so that no expression of a client can keep the
 * broker busy. Throws RangeError when the expression is too large.
 */
export function matcher(expression: Expression): (text: string) => boolean {
  const steps: Step[] = []
  compile(expression, steps)
  push(steps, { kind: 'match' })
  const seenAt = new Int32Array(steps.length)
  let turn = 0
  return (text) => {
    let active: number[] = []
    seenAt.fill(-1)
    turn = 0
    follow(0, 0, text.length, active)
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      const next: number[] = []
      turn++
      for (const i of active) {
        const step = steps[i]!
        if (step.kind === 'set' && step.has(code)) follow(i + 1, at + 1, text.length, next)
      }
      active = next
      if (active.length === 0) return false
    }
    return active.some((i) => steps[i]!.kind === 'match')
  }

  function follow(from: number, at: number, end: number, into: number[]): void {
    const todo = [from]
    for (let i = todo.pop(); i !== undefined; i = todo.pop()) {
      if (seenAt[i] === turn) continue
      seenAt[i] = turn
      const step = steps[i]!
      if (step.kind === 'fork') todo.push(step.second, step.first)
      else if (step.kind === 'set' || step.kind === 'match') into.push(i)
      else if (step.kind === 'start' ? at === 0 : at === end) todo.push(i + 1)
    }
  }
}

function compile(expression: Expression, steps: Step[]): void {
  switch (expression.kind) {
    case 'set':
    case 'start':
    case 'end':
      push(steps, expression)
      return
    case 'sequence':
      for (const part of expression.parts) compile(part, steps)
      return
    case 'choice':
      return compileChoice(expression.parts, steps)
    case 'repeat':
      return compileRepeat(expression.of, expression.min, expression.max, steps)
  }
}

function compileChoice(parts: readonly Expression[], steps: Step[]): void {
  const ends: { first: number; second: number }[] = []
  for (const [i, part] of parts.entries()) {
    if (i === parts.length - 1) {
      compile(part, steps)
      break
    }
    const fork = pushFork(steps)
    fork.first = steps.length
    compile(part, steps)
    ends.push(pushFork(steps))
    fork.second = steps.length
  }
  for (const end of ends) end.first = end.second = steps.length
}

function compileRepeat(of: Expression, min: number, max: number, steps: Step[]): void {
  for (let i = 0; i < min; i++) compile(of, steps)
  if (max === Infinity) {
    const loop = steps.length
    const fork = pushFork(steps)
    fork.first = steps.length
    compile(of, steps)
    const back = pushFork(steps)
    back.first = back.second = loop
    fork.second = steps.length
    return
  }
  const forks: { first: number; second: number }[] = []
  for (let i = min; i < max; i++) {
    const fork = pushFork(steps)
    fork.first = steps.length
    forks.push(fork)
    compile(of, steps)
  }
  for (const fork of forks) fork.second = steps.length
}

function pushFork(steps: Step[]): { first: number; second: number } {
  const fork: Step = { kind: 'fork', first: 0, second: 0 }
  push(steps, fork)
  return fork
}

function push(steps: Step[], step: Step): void {
  if (steps.length >= STEPS_MAX) throw new RangeError('expression too large')
  steps.push(step)
}
