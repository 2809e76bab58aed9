import type { Agent as HttpAgent } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import type * as Sdk from '@aws-sdk/client-s3'
import { silentLogger } from '@sluice/sdk'
import { S3_VENDORS } from './s3-vendors.ts'
import type { S3Vendor } from './s3-vendors.ts'
import type { S3Settings } from './s3-settings.ts'

/** The SDK, and a client made with it. */
export interface S3Client {
  readonly sdk: typeof Sdk
  readonly client: Sdk.S3Client
}

const CONNECT_TIMEOUT_MS = 10_000

/** The vendor by name; `auto` is told by whether there is an endpoint. */
export function vendorOf(settings: S3Settings): S3Vendor {
  const name = settings['s3.vendor']
  if (name !== 'auto') return S3_VENDORS[name]
  return endpointOf(settings) === undefined ? S3_VENDORS.aws : S3_VENDORS.other
}

/**
 * The SDK is loaded here, on the first request, and not with this module: it costs whoever has no S3 nothing. The client never
 * tries anything again by itself: a conditional write would meet what its own first attempt wrote.
 */
export async function openS3Client(settings: S3Settings): Promise<S3Client> {
  const sdk = await import('@aws-sdk/client-s3')
  const vendor = vendorOf(settings)
  const endpoint = endpointOf(settings) ?? vendor.endpoint
  const region = settings['s3.region'] ?? vendor.region
  const id = settings['aws.access.key.id']
  const checksums =
    (settings['s3.checksums'] ?? vendor.checksums) === 'when_required' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED'
  const client = new sdk.S3Client({
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(id !== null && {
      credentials: {
        accessKeyId: id,
        secretAccessKey: settings['aws.secret.access.key']?.value() ?? '',
        ...(settings['aws.session.token'] !== null && { sessionToken: settings['aws.session.token'].value() }),
      },
    }),
    forcePathStyle: settings['s3.path.style.access.enabled'] ?? vendor.isPathStyle,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    retryStrategy: { retry: (next, args) => next(args) },
    // By itself it writes warnings to the console.
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, logger: silentLogger, ...agentsOf(settings) },
  })
  return { sdk, client }
}

function agentsOf(settings: S3Settings): { httpAgent: HttpAgent; httpsAgent: HttpsAgent } {
  const http = process.getBuiltinModule('node:http')
  const https = process.getBuiltinModule('node:https')
  const proxy = proxyOf(settings)
  const options = {
    keepAlive: true,
    maxSockets: settings['s3.connections.max'],
    ...(proxy !== undefined && { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } }),
  }
  return { httpAgent: new http.Agent(options), httpsAgent: new https.Agent(options) }
}

function proxyOf(settings: S3Settings): string | undefined {
  if (settings['s3.proxy.url'] === null) return undefined
  const url = new URL(settings['s3.proxy.url'])
  url.username = encodeURIComponent(settings['s3.proxy.user'] ?? '')
  url.password = encodeURIComponent(settings['s3.proxy.password']?.value() ?? '')
  return url.href
}

function endpointOf(settings: S3Settings): string | undefined {
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env
  return settings['s3.endpoint'] ?? AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL
}
