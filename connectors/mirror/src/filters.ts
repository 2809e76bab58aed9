/** Which topics, groups and settings are mirrored: lists of names and regular expressions, of which those that exclude win. */
import { validatedBy, type Validator } from '@sluice/sdk'
import { isCycle, type ReplicationPolicy } from './replication-policy.ts'

/** Whether a name is what one of the patterns describes from its beginning to its end. */
export type NamePredicate = (name: string) => boolean

export function included(include: readonly string[], exclude: readonly string[]): NamePredicate {
  const [isIncluded, isExcluded] = [anyOf(include), anyOf(exclude)]
  return (name) => isIncluded(name) && !isExcluded(name)
}

export function anyOf(patterns: readonly string[]): NamePredicate {
  if (patterns.length === 0) return () => false
  const pattern = new RegExp(`^(?:${patterns.join('|')})$`)
  return (name) => pattern.test(name)
}

/** Complains about what is no regular expression. */
export const patterns: Validator = validatedBy('names and regular expressions', (value) => {
  for (const pattern of (value ?? []) as readonly string[]) {
    try {
      anyOf([pattern])
    } catch (error) {
      return `${pattern} is no regular expression: ${error instanceof Error ? error.message : String(error)}`
    }
  }
  return undefined
})

/** Topics of the source that go to the target. Heartbeats go wherever `topics` says nothing of them; internal topics and cycles never. */
export function mirroredTopics(
  policy: ReplicationPolicy,
  targetAlias: string,
  isWanted: NamePredicate,
  withHeartbeats: boolean,
): NamePredicate {
  return (topic) =>
    (isWanted(topic) || (withHeartbeats && policy.isHeartbeats(topic))) &&
    !policy.isInternal(topic) &&
    !isCycle(policy, targetAlias, topic)
}
