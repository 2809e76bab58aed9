import type { CheckDefinition, GateDefinition } from '@sluice/quality'

/**
 * What can be asked of any file. That a line has as many cells as the heading, and that it is UTF-8, is seen by the source, which
 * diverts such lines before they get here; a row that lacks a column all the same is refused when it is read.
 */
export function csvRowsGate(id: string, unique: boolean): GateDefinition {
  const checks: CheckDefinition[] = [
    {
      id: 'key_present',
      check: 'not_empty',
      field: '@key',
      severity: 'error',
      doc: 'The cell that names the row is empty. Without it the row can be neither corrected nor found again, nor is it known to say anything. Quarantined.',
    },
  ]
  if (unique) {
    checks.push({
      id: 'duplicate_row',
      check: 'unique_within',
      action: 'drop',
      doc: 'The same in every column as an earlier row: keeping one of them loses nothing.',
    })
  }
  return { id, mode: 'enforce', ruleset: { id: 'csv-rows', version: 1, doc: 'Rules for any CSV file', checks } }
}
