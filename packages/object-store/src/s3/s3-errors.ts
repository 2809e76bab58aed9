import { SluiceError } from '@sluice/sdk'
import type { ErrorFacts } from '@sluice/sdk'
import { CONDITION_REMEDY } from '../probe.ts'
import type { S3Failure } from './s3-failure.ts'

/** What was asked for, in the words of an error: `Cannot write a/b in s3://lake`. */
export interface S3Access {
  readonly verb: 'read' | 'write' | 'list' | 'delete'
  readonly path: string
  /** Where, as `s3://bucket/prefix`. */
  readonly url: string
  readonly bucket: string
  /** What a policy must allow for it, such as `s3:PutObject`. */
  readonly action: string
}

const CREDENTIALS =
  'Check the credentials: aws.access.key.id and aws.secret.access.key, or what the environment and the AWS profile say.'

const REMEDIES: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: CREDENTIALS,
  SignatureDoesNotMatch: CREDENTIALS,
  CredentialsProviderError: CREDENTIALS,
  InvalidToken: 'Give the aws.session.token that belongs to the access key, or leave it out with a permanent key.',
  ExpiredToken: 'Give new temporary credentials, or let the AWS chain fetch them by leaving aws.access.key.id out.',
  RequestTimeTooSkewed: "Set this machine's clock; it is more than 15 minutes apart from the store's.",
  NoSuchBucket: 'Create the bucket, or correct its name, the endpoint (s3.endpoint) or the region (s3.region).',
  PermanentRedirect: 'Set s3.region to the region of the bucket.',
  AuthorizationHeaderMalformed: 'Set s3.region to the region of the bucket.',
  IllegalLocationConstraintException: 'Set s3.region to the region of the bucket.',
  KeyTooLongError: 'Use shorter names: a key, prefix included, has at most 1,024 bytes.',
  EntityTooLarge: 'Write smaller objects, or set s3.multipart.threshold lower: one request carries at most 5 GiB.',
  InvalidStorageClass: 'Set s3.storage.class to a class that this store has.',
  SlowDown: 'Write fewer and larger objects, or spread them over more prefixes; the store limits requests per prefix.',
  NotS3: 'Check s3.endpoint: what answers there does not speak S3.',
  ECONNREFUSED: 'Check s3.endpoint: nothing listens there.',
  ENOTFOUND: 'Check s3.endpoint and s3.region: there is no such host.',
  SELF_SIGNED_CERT_IN_CHAIN: 'Name the certificate of your authority in NODE_EXTRA_CA_CERTS.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'Name the certificate of your authority in NODE_EXTRA_CA_CERTS.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'Name the certificate of your authority in NODE_EXTRA_CA_CERTS.',
}

/** The error for the caller. @param attempts how often it was tried */
export function s3Error(access: S3Access, failure: S3Failure, attempts: number, cause: unknown): SluiceError {
  const { verb, path, url, bucket } = access
  const { code, status, message, isPassing } = failure
  if (status === 404 && code !== 'NoSuchBucket' && verb === 'read')
    return new SluiceError('OBJECT_MISSING', `There is no object ${path} in ${url}`, { cause })
  // An answer is told by its status and code, a connection by what the system says of it.
  const words = status === undefined ? [message.includes(code) ? '' : code, message] : [status, code || message]
  const said = words.filter((word) => word !== '').join(' ')
  const why = code === 'NoSuchBucket' ? `there is no bucket ${bucket} (${said})` : said
  const tries = attempts > 1 ? `, ${attempts} times` : ''
  const remedy = remedyOf(access, failure)
  const facts: ErrorFacts = { cause, retriable: isPassing, ...(remedy !== undefined && { remedy }) }
  const what = path === '' ? 'objects' : path
  return new SluiceError('STORE_UNAVAILABLE', `Cannot ${verb} ${what} in ${url}: ${why}${tries}`, facts)
}

function remedyOf({ action, bucket }: S3Access, { code, status, message }: S3Failure): string | undefined {
  const known = REMEDIES[code]
  if (known !== undefined) return known
  if (status === 403)
    return `Allow ${action} on bucket ${bucket} to these credentials, in the policies of user, bucket and KMS key. Without s3:ListBucket, a missing object is answered with 403 too.`
  if (status === 501) return CONDITION_REMEDY
  if (message === 'Region is missing') return 'Set s3.region, or AWS_REGION in the environment.'
  if (status === 404) return REMEDIES['NoSuchBucket']
  if (status !== undefined && status < 500 && code === '')
    return 'Check s3.endpoint and s3.region: what answers there says no more, and may not speak S3.'
  return undefined
}
