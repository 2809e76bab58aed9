/** A line with places for what a record has. */

export const PLACEHOLDERS = ['topic', 'partition', 'offset', 'timestamp', 'key', 'headers', 'value'] as const
export type Placeholder = (typeof PLACEHOLDERS)[number]

const PLACE = /\{([a-z]+)\}/g

/** Words in braces that stand for nothing. */
export function unknownPlaceholders(template: string): readonly string[] {
  return [...template.matchAll(PLACE)].map(([, name]) => name!).filter((name) => !isPlaceholder(name))
}

/** Fills the places; what is in the values is not looked at again. */
export function filled(template: string, text: (name: Placeholder) => string): string {
  return template.replaceAll(PLACE, (whole, name: string) => (isPlaceholder(name) ? text(name) : whole))
}

function isPlaceholder(name: string): name is Placeholder {
  return (PLACEHOLDERS as readonly string[]).includes(name)
}
