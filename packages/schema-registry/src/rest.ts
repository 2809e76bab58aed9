/** Confluent's REST API without its transport: what goes to a registry and what comes back. */

export const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json'

export interface RestRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Percent-encoded segments, with the query behind a `?`. */
  readonly path: string
  /** JSON; undefined: none. */
  readonly body?: unknown
}

export interface RestAnswer {
  readonly status: number
  /** What the JSON says; undefined: it was none. */
  readonly body: unknown
}

/** The way to a registry: over the network, or within the process. */
export interface Transport {
  /** @throws SluiceError REGISTRY_UNREACHABLE */
  send(request: RestRequest, signal?: AbortSignal): Promise<RestAnswer>
  close(): void
}

/** A path of these segments. */
export function pathOf(...segments: readonly (string | number)[]): string {
  return segments.map((segment) => `/${encodeURIComponent(segment)}`).join('')
}
