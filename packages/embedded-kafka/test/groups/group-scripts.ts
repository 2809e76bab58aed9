import { CLASSIC_SCRIPTS } from './classic-scripts.ts'
import { CONSUMER_SCRIPTS } from './consumer-scripts.ts'
import { GroupScribe } from './group-scribe.ts'

export const GROUP_SCRIPTS = { ...CLASSIC_SCRIPTS, ...CONSUMER_SCRIPTS }

/** Titles of those that need KIP-848. */
export const NEEDS_CONSUMER_PROTOCOL: ReadonlySet<string> = new Set(Object.keys(CONSUMER_SCRIPTS))

/** The transcript of a conversation; `suffix` makes its names its own. */
export async function runGroupScript(port: number, title: string, suffix: string, host?: string): Promise<string[]> {
  const at = Object.keys(GROUP_SCRIPTS).indexOf(title)
  const scribe = new GroupScribe(port, `${suffix}-${at}`, host)
  try {
    await scribe.begin()
    await GROUP_SCRIPTS[title]!(scribe)
  } finally {
    scribe.end()
  }
  return scribe.transcript
}
