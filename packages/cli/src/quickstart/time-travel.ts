import { type LakeTable, printResult } from './table.ts'

/**
 * The same query of the table as it was: before this run added to it, or when its first rows were there, or before those. Where the log
 * was cleaned up to there, of the oldest version that is kept.
 */
export async function travelled(table: LakeTable, versionBefore: number, name: string, query: string): Promise<string> {
  const isOlder = versionBefore > 0 && versionBefore < table.version
  const wanted = isOlder ? versionBefore : table.version > 1 ? 1 : 0
  const oldest = await table.oldestVersion()
  const version = Math.max(wanted, oldest)
  const then = await table.asOf(version)
  const isGone = version > wanted
  const kept = isGone
    ? `Version ${wanted} of the table is no longer kept: its log was cleaned up to version ${oldest}.\n`
    : ''
  const heading = `${kept}The same in version ${version} of the table, of ${table.version}:\n\n`
  if (then.files.length === 0) return `${heading}  it had no rows yet\n`
  return `${heading}${printResult(await then.query(name, query))}`
}
