import { canonicalJson } from './canonical.ts'
import { parsePath } from './field-path.ts'
import type { Problems } from './problems.ts'

/** Whether a path shows a masked value: the masked field itself, what is inside of it, or what it is inside of. */
export function maskOf(masked: unknown, problems: Problems): (path: string) => boolean {
  const key = (path: string): string | null => {
    const parsed = parsePath(path)
    return typeof parsed === 'string' ? null : canonicalJson([parsed.root, ...parsed.names]).slice(0, -1)
  }
  const keys: string[] = []
  for (const path of Array.isArray(masked) ? masked : []) {
    if (typeof path !== 'string') continue
    const found = key(path)
    if (found === null) problems.add('gate', 'maskedFields', path, parsePath(path) as string)
    else keys.push(found)
  }
  if (keys.length === 0) return () => false
  return (path) => {
    const own = key(path)
    return (
      own === null || keys.some((other) => own === other || own.startsWith(`${other},`) || other.startsWith(`${own},`))
    )
  }
}
