/** What differs between settings that are there and those that are wanted. */
import type { ConfigShown, ConnectClient } from '@sluice/worker/client'
import { unlessUnknown } from './or-null.ts'
import { HIDDEN, type Secrets } from './secrets.ts'

export type Config = Readonly<Record<string, string>>

export interface Change {
  readonly setting: string
  /** Undefined: it is not there. */
  readonly before: string | undefined
  readonly after: string | undefined
}

/** Undefined when there is no such connector. */
export function configOf(
  client: ConnectClient,
  connector: string,
  signal: AbortSignal,
): Promise<ConfigShown | undefined> {
  return unlessUnknown(client.call('connectorConfig', { path: { connector } }, signal))
}

/** In the order of names. */
export function changesBetween(before: Config, after: Config): readonly Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted()
  return names
    .filter((setting) => before[setting] !== after[setting])
    .map((setting) => ({ setting, before: before[setting], after: after[setting] }))
}

/** Lines with `-` and `+`, as of diff; a secret that changes shows that it does. */
export function changeLines(changes: readonly Change[], secrets: Secrets): readonly string[] {
  return changes.flatMap(({ setting, before, after }) => {
    const [old, wanted] = [before, after].map((value) => value !== undefined && shown(setting, value, secrets))
    const another = old === HIDDEN && wanted === HIDDEN ? `${HIDDEN}, but another` : wanted
    return [
      ...(old === false ? [] : [`- ${setting}=${old}`]),
      ...(another === false ? [] : [`+ ${setting}=${another}`]),
    ]
  })
}

/** On one line. */
function shown(setting: string, value: string, secrets: Secrets): string {
  return secrets.hides(setting, value) ? HIDDEN : JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"')
}
