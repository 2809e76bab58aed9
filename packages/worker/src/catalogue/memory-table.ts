import type { CatalogueTable } from './catalogue.ts'

/** The catalogue of a standalone worker: nothing of it outlives the process. */
export class MemoryTable implements CatalogueTable {
  readonly #rows = new Map<string, { readonly key: Uint8Array; readonly value: Uint8Array }>()
  readonly #listeners = new Set<Parameters<CatalogueTable['onChange']>[0]>()

  entries(): IterableIterator<{ readonly key: Uint8Array; readonly value: Uint8Array }> {
    return this.#rows.values()
  }

  async set(changes: Parameters<CatalogueTable['set']>[0]): Promise<void> {
    for (const { key, value } of changes) {
      const text = Buffer.from(key).toString('latin1')
      if (value === null) this.#rows.delete(text)
      else this.#rows.set(text, { key, value })
      for (const listener of this.#listeners) listener({ key, value })
    }
  }

  /** Nobody comes between. */
  async update(decide: Parameters<CatalogueTable['update']>[0]): Promise<void> {
    await this.set(decide())
  }

  onChange(listener: Parameters<CatalogueTable['onChange']>[0]): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async probe(): Promise<void> {}

  async close(): Promise<void> {}
}
