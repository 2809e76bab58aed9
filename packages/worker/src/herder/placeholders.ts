import type { RawSettings } from '@sluice/sdk'
import { hasVariable } from '../variables.ts'

/**
 * Task configs with the placeholders of the connector's config put back, so that no secret is written to the config topic: a key that
 * holds a placeholder there holds the same text here.
 */
export function withPlaceholders(config: RawSettings, tasks: readonly RawSettings[]): readonly RawSettings[] {
  const hidden = Object.entries(config).filter(([, value]) => hasVariable(value))
  if (hidden.length === 0) return tasks
  return tasks.map((task) => ({
    ...task,
    ...Object.fromEntries(hidden.filter(([key]) => Object.hasOwn(task, key))),
  }))
}

/** Equal keys and values, whatever their order. */
export function isSameConfig(a: RawSettings, b: RawSettings): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
}
