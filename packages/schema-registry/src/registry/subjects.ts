/** Contexts: `:.name:subject` is a subject of the context `.name`, in which ids are given out by themselves. */

/** Of subjects that name none. */
export const DEFAULT_CONTEXT = '.'

/** The subject as it is kept: those of the default context name none, and a subject within a context's URL is of that context. */
export function qualifiedSubject(subject: string, context: string = DEFAULT_CONTEXT): string {
  if (subject.startsWith(':.:')) return subject.slice(3)
  if (subject.startsWith(':.') || context === DEFAULT_CONTEXT) return subject
  return `:${context}:${subject}`
}

export function contextOf(subject: string): string {
  const end = subject.startsWith(':.') ? subject.indexOf(':', 2) : -1
  return end < 0 ? DEFAULT_CONTEXT : subject.slice(1, end)
}
