import type { Side } from '../serde.ts'
import { Serdes } from '../serdes.ts'
import type { StoreDefinition } from './definition.ts'
import { codecOf } from './formats/side-codec.ts'
import { KeyIdentity } from './key-identity.ts'
import type { StoreContext } from './store-context.ts'

/** The keys of a store. */
export function identityOf<K>(
  definition: Pick<StoreDefinition, 'name' | 'key'>,
  context: StoreContext,
): KeyIdentity<K> {
  return keyIdentity<K>(definition.key, context.changelogTopic(definition.name))
}

/** Of a side as it is written to a topic. */
export function keyIdentity<K>(side: Side, topic: string): KeyIdentity<K> {
  return new KeyIdentity<K>(codecOf<K>(side, topic), side.converter === Serdes.string.converter)
}
