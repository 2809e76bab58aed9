/** The client ids of what the worker keeps its own state with. Dashboards and ACLs depend on them: they are Kafka Connect's. */
export interface StoreClientIds {
  readonly configs: string
  /** Of the transactional producer that the leader writes with. */
  readonly configsLeader: string
  readonly offsets: string
  readonly statuses: string
  readonly sharedAdmin: string
}

/** @param groupId `group.id`; null in standalone. @param clientId `client.id`; empty when it is not set */
export function storeClientIds(groupId: string | null, clientId: string): StoreClientIds {
  const base = `${groupId ?? 'connect'}-${clientId === '' ? '' : `${clientId}-`}`
  return {
    configs: `${base}configs`,
    configsLeader: `${base}configs-leader`,
    offsets: `${base}offsets`,
    statuses: `${base}statuses`,
    sharedAdmin: `${base}shared-admin`,
  }
}

/** Whoever claims it last is the only one that may write what the leader writes (KIP-618). */
export function leaderTransactionalId(groupId: string): string {
  return `connect-cluster-${groupId}`
}

/** Whoever claims it last is the only one that may change what processors are to be, until it has. */
export function catalogueTransactionalId(groupId: string): string {
  return `connect-catalog-${groupId}`
}
