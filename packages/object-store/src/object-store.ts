/**
 * The port to object storage: named blobs in a flat key space, and one conditional write. Table logs rest on `putIfAbsent`
 * alone, so its promise is the heart of the contract suite in `@sluice/object-store/testing`, which every store passes.
 */

/**
 * How long a caller is willing to wait. An aborted signal ends the call with INTERRUPTED, or with STORE_UNAVAILABLE when its
 * reason is a timeout (`AbortSignal.timeout`). An interrupted write may or may not have happened.
 */
export interface StoreCall {
  readonly signal?: AbortSignal | undefined
}

/** What is known of an object without reading it. */
export interface ObjectFacts {
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly modifiedMs: number
}

export interface ListOptions extends StoreCall {
  /** Only paths after this one, itself left out; need not exist. */
  readonly startAfter?: string | undefined
  /** At most so many objects, 1 to 1,000. Default 1,000. */
  readonly limit?: number | undefined
}

export interface ObjectPage {
  /** In the order of the UTF-8 bytes of their paths. */
  readonly objects: readonly ObjectFacts[]
  /** Whether more follow; continue with `startAfter` set to the last path of this page. */
  readonly more: boolean
}

/**
 * Paths are keys relative to the store's URL: segments divided by `/`, none of them empty, `.` or `..`, taken literally (a space
 * is a space and `%20` is three characters). A path that breaks this is refused with DATA_INVALID before anything is touched.
 *
 * What any method may throw besides what it names: STORE_UNAVAILABLE, retriable when trying again can help. After such an
 * error a write may or may not have happened: who must know reads.
 */
export interface ObjectStore {
  /** Where the objects live; no credentials in it. */
  readonly url: string
  /** Writes the object whole, replacing what was there. When it returns, the bytes are durable and visible to everybody. */
  put(path: string, bytes: Uint8Array, call?: StoreCall): Promise<void>
  /**
   * Writes the object unless there is one. Of any number of racing callers, in any number of processes, exactly one gets
   * `created`, and no reader ever sees a part of its bytes. `exists` after an earlier attempt of the same caller failed with
   * an unknown outcome may mean the caller's own bytes.
   */
  putIfAbsent(path: string, bytes: Uint8Array, call?: StoreCall): Promise<'created' | 'exists'>
  /** The object's bytes; they belong to the caller. @throws OBJECT_MISSING */
  get(path: string, call?: StoreCall): Promise<Uint8Array>
  /**
   * `length` bytes from `offset`; fewer where the object ends before.
   * @throws OBJECT_MISSING
   */
  getRange(path: string, offset: number, length: number, call?: StoreCall): Promise<Uint8Array>
  /** The object's facts, or undefined when there is none. */
  head(path: string, call?: StoreCall): Promise<ObjectFacts | undefined>
  /** Objects whose path begins with `prefix` (text, not a folder: `a/b` finds `a/b/c` and `a/bc`). */
  list(prefix: string, options?: ListOptions): Promise<ObjectPage>
  /**
   * What all pages together hold, in one pass: for stores to which each page costs as much as the whole. Used by `listAll`.
   */
  walk?(prefix: string, options?: Omit<ListOptions, 'limit'>): AsyncIterable<ObjectFacts>
  /** Removes the object; one that is not there is no error. */
  delete(path: string, call?: StoreCall): Promise<void>
}

/** All objects below a prefix, page by page or in one pass. What is written meanwhile may be missed. */
export async function* listAll(
  store: ObjectStore,
  prefix: string,
  options: Omit<ListOptions, 'limit'> = {},
): AsyncGenerator<ObjectFacts, void, undefined> {
  if (store.walk !== undefined) {
    yield* store.walk(prefix, options)
    return
  }
  let startAfter = options.startAfter
  for (let more = true; more;) {
    const page: ObjectPage = await store.list(prefix, { ...options, startAfter })
    yield* page.objects
    startAfter = page.objects.at(-1)?.path
    more = page.more && startAfter !== undefined
  }
}
