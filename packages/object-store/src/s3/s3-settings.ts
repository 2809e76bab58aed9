/** How an S3 store is reached and written. Names are those of Confluent's S3 sink where it has the setting. */
import { atLeast, between, defineSettings, oneOf, validatedBy } from '@sluice/sdk'
import type { ParsedSettings, Validator } from '@sluice/sdk'

const MIB = 1024 * 1024
const [ACCESS, WRITES, CONNECTION] = ['S3 access', 'S3 writes', 'S3 connection']

export const httpUrl: Validator = validatedBy('an http or https URL', (value) => {
  const url = URL.canParse(String(value)) ? new URL(String(value)) : undefined
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? undefined : 'Must be an http or https URL'
})

const tagList = validatedBy('a list of name:value, at most 10', (value) => {
  const tags = value as readonly string[]
  if (tags.length > 10) return 'An object has at most 10 tags'
  return tags.every((tag) => tag.indexOf(':') > 0) ? undefined : 'Each must be name:value'
})

export const s3Settings = defineSettings(
  {
    's3.vendor': {
      type: 'string',
      default: 'auto',
      validator: oneOf('auto', 'aws', 'minio', 'versitygw', 'r2', 'gcs', 'ceph', 'localstack', 'other'),
      importance: 'high',
      group: ACCESS,
      documentation:
        'What kind of store it is; the other settings take their defaults from it. auto: other when there is an endpoint, else aws.',
    },
    's3.endpoint': {
      type: 'string',
      default: null,
      validator: httpUrl,
      importance: 'high',
      group: ACCESS,
      documentation:
        "Where the store is, as in http://localhost:9000. By default that of the environment (AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL), or AWS's own of the region.",
    },
    's3.region': {
      type: 'string',
      default: null,
      importance: 'high',
      group: ACCESS,
      documentation:
        "The bucket's region. By default that of the environment (AWS_REGION, the AWS profile); for stores other than AWS us-east-1, or auto where the vendor says so.",
    },
    'aws.access.key.id': {
      type: 'string',
      default: null,
      importance: 'high',
      group: ACCESS,
      documentation:
        "The access key. By default credentials come from the AWS SDK's chain: environment, shared files and profiles, web identity, container, instance.",
    },
    'aws.secret.access.key': {
      type: 'password',
      default: null,
      importance: 'high',
      group: ACCESS,
      documentation: 'The secret of the access key.',
    },
    'aws.session.token': {
      type: 'password',
      default: null,
      importance: 'medium',
      group: ACCESS,
      documentation: 'The token that belongs to a temporary access key.',
    },
    's3.path.style.access.enabled': {
      type: 'boolean',
      default: null,
      importance: 'medium',
      group: ACCESS,
      documentation:
        'Whether the bucket is named in the path of a URL (http://host/bucket/key) rather than in the host. Default: false for aws, else true.',
    },
    's3.expected.bucket.owner': {
      type: 'string',
      default: null,
      importance: 'low',
      group: ACCESS,
      documentation: 'The AWS account that must own the bucket; requests are refused when another does.',
    },
    's3.ssea.name': {
      type: 'string',
      default: null,
      validator: oneOf('AES256', 'aws:kms'),
      importance: 'medium',
      group: WRITES,
      documentation:
        "The server-side encryption of what is written: AES256 for keys of the store's own, aws:kms for keys of KMS. Default: the bucket's.",
    },
    's3.sse.kms.key.id': {
      type: 'string',
      default: null,
      importance: 'medium',
      group: WRITES,
      documentation:
        'The KMS key (id or ARN) to encrypt with; s3.ssea.name is then aws:kms. Default: the account’s key for S3.',
    },
    's3.storage.class': {
      type: 'string',
      default: null,
      importance: 'low',
      group: WRITES,
      documentation:
        "The storage class of what is written, as in STANDARD_IA. Default: the store's, as a rule STANDARD.",
    },
    's3.object.tags': {
      type: 'list',
      default: [],
      validator: tagList,
      importance: 'low',
      group: WRITES,
      documentation:
        'Tags of what is written, as name:value, at most 10. The policy must then allow s3:PutObjectTagging.',
    },
    's3.checksums': {
      type: 'string',
      default: null,
      validator: oneOf('when_required', 'when_supported'),
      importance: 'medium',
      group: WRITES,
      documentation:
        'Whether checksums go with every request and are checked in every answer (when_supported), or only where S3 asks for one. Several stores refuse requests with checksums. Default: by vendor.',
    },
    's3.multipart.threshold': {
      type: 'int',
      default: 32 * MIB,
      validator: atLeast(5 * MIB),
      importance: 'low',
      group: WRITES,
      documentation: 'Objects larger than this many bytes are written in parts.',
    },
    's3.part.size': {
      type: 'int',
      default: 16 * MIB,
      validator: atLeast(5 * MIB),
      importance: 'low',
      group: WRITES,
      documentation: 'The size of a part, in bytes. It grows where an object would need more than 10,000.',
    },
    's3.request.timeout.ms': {
      type: 'int',
      default: 60_000,
      validator: atLeast(1),
      importance: 'medium',
      group: CONNECTION,
      documentation: 'How long one attempt at a request may take as a whole, bodies included, in milliseconds.',
    },
    's3.attempts.max': {
      type: 'int',
      default: 5,
      validator: between(1, 100),
      importance: 'medium',
      group: CONNECTION,
      documentation:
        'How often a request is tried before it has failed. A write that must not replace an object is tried again only when it is certain that nothing was written.',
    },
    's3.retry.backoff.ms': {
      type: 'int',
      default: 200,
      validator: atLeast(0),
      importance: 'low',
      group: CONNECTION,
      documentation:
        'The longest pause before the second attempt, in milliseconds; it doubles with each, up to 20 seconds. Pauses are random, from zero on.',
    },
    's3.connections.max': {
      type: 'int',
      default: 50,
      validator: atLeast(1),
      importance: 'low',
      group: CONNECTION,
      documentation: 'How many connections a store holds at most.',
    },
    's3.proxy.url': {
      type: 'string',
      default: null,
      validator: httpUrl,
      importance: 'low',
      group: CONNECTION,
      documentation:
        'The HTTP proxy between here and the store, as in http://proxy:3128. No proxy is taken from the environment.',
    },
    's3.proxy.user': {
      type: 'string',
      default: null,
      importance: 'low',
      group: CONNECTION,
      documentation: 'The name by which the proxy knows us.',
    },
    's3.proxy.password': {
      type: 'password',
      default: null,
      importance: 'low',
      group: CONNECTION,
      documentation: 'The password of that name.',
    },
  },
  {
    *check(settings) {
      const id = settings['aws.access.key.id']
      if (id !== null && settings['aws.secret.access.key'] === null)
        yield {
          setting: 'aws.secret.access.key',
          message: 'aws.secret.access.key must be given with aws.access.key.id',
        }
      if (id === null && settings['aws.secret.access.key'] !== null)
        yield { setting: 'aws.access.key.id', message: 'aws.access.key.id must be given with aws.secret.access.key' }
      if (settings['aws.session.token'] !== null && id === null)
        yield {
          setting: 'aws.session.token',
          message: 'aws.session.token belongs to an aws.access.key.id, which is not given',
        }
      if (settings['s3.sse.kms.key.id'] !== null && settings['s3.ssea.name'] === 'AES256')
        yield { setting: 's3.sse.kms.key.id', message: 's3.sse.kms.key.id has no meaning with s3.ssea.name AES256' }
    },
  },
)

export type S3Settings = ParsedSettings<typeof s3Settings>
