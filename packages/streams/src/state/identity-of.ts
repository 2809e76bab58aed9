import type { StoreDefinition } from './definition.ts'
import { codecOf } from './formats/side-codec.ts'
import { KeyIdentity } from './key-identity.ts'
import type { StoreContext } from './store-context.ts'

/** The keys of a store. */
export function identityOf<K>(
  definition: Pick<StoreDefinition, 'name' | 'key'>,
  context: StoreContext,
): KeyIdentity<K> {
  return new KeyIdentity<K>(codecOf<K>(definition.key, context.changelogTopic(definition.name)))
}
