import { createRequire } from 'node:module'

const { version } = createRequire(import.meta.url)('../package.json') as { readonly version: string }

/** The release of Kafka Connect that we keep to, with ours as build metadata: what `GET /` of a worker answers. */
export const CONNECT_VERSION = `4.3.1+sluice.${version}`

/** What it was built from; set when images are made. */
export const COMMIT = process.env['SLUICE_COMMIT'] ?? 'unknown'
