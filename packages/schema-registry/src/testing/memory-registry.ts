import { RegistryClient, type RegistryClientOptions } from '../client/registry-client.ts'
import { Registry } from '../registry/registry.ts'
import { memoryLog } from '../registry/registry-log.ts'
import { answer } from '../registry/router.ts'
import type { SchemaRegistry } from '../registry-port.ts'
import type { RestRequest, Transport } from '../rest.ts'

/** What tests want to see and to spoil. */
export interface MemoryRegistryOptions extends RegistryClientOptions {
  /** Called before each request; what it throws the request fails with. */
  readonly onRequest?: (request: RestRequest) => void | Promise<void>
}

/** A registry within this process: Confluent's rules, ids and refusals, and the client's memory, without a server. It forgets all in the end. */
export async function memoryRegistry(options: MemoryRegistryOptions = {}): Promise<SchemaRegistry> {
  return new RegistryClient(inProcess(await Registry.open(memoryLog()), options.onRequest), options)
}

function inProcess(registry: Registry, onRequest: MemoryRegistryOptions['onRequest']): Transport {
  return {
    send: async (request) => {
      await onRequest?.(request)
      const { status, body } = await answer(registry, request)
      // As over the network, nobody holds what the registry holds.
      return { status, body: JSON.parse(JSON.stringify(body)) as unknown }
    },
    close: () => undefined,
  }
}
