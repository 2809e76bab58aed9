import type { Scorecard } from '@sluice/quality'

/** What each rule found in this run, also where it found nothing. Empty when nothing was judged. */
export function printRules(rules: readonly Scorecard[]): string {
  const checks = rules.filter(({ records }) => records > 0).flatMap((card) => card.checks)
  if (checks.length === 0) return ''
  const width = Math.max(...checks.map(({ id }) => id.length))
  const lines = checks
    .toSorted((a, b) => b.failed - a.failed)
    .map(({ id, failed, action }) =>
      `    ${id.padEnd(width)}  ${failed.toLocaleString('en').padStart(6)}  ${failed === 0 ? '' : action}`.trimEnd(),
    )
  return `  found by the rules in this run\n${lines.join('\n')}\n\n`
}
