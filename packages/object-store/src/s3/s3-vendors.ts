/** What is known of a kind of store; each can be overruled by its setting. */
export interface S3Vendor {
  /** Where it is, when there is only one place. */
  readonly endpoint?: string
  /** Undefined: as in the environment. */
  readonly region?: string
  readonly isPathStyle: boolean
  /** Several stores refuse the checksums that the SDK sends by default. */
  readonly checksums: 'when_required' | 'when_supported'
  /** Whether `If-None-Match` is honoured when a multipart upload completes. Otherwise large conditional writes go in one piece. */
  readonly hasConditionalCompletion: boolean
}

const PLAIN: S3Vendor = {
  region: 'us-east-1',
  isPathStyle: true,
  checksums: 'when_required',
  hasConditionalCompletion: false,
}

export const S3_VENDORS = {
  aws: { isPathStyle: false, checksums: 'when_supported', hasConditionalCompletion: true },
  minio: { ...PLAIN, hasConditionalCompletion: true },
  versitygw: { ...PLAIN, checksums: 'when_supported', hasConditionalCompletion: true },
  r2: { ...PLAIN, region: 'auto' },
  gcs: { ...PLAIN, region: 'auto', endpoint: 'https://storage.googleapis.com' },
  ceph: PLAIN,
  localstack: PLAIN,
  other: PLAIN,
} satisfies Readonly<Record<string, S3Vendor>>

export type S3VendorName = keyof typeof S3_VENDORS
