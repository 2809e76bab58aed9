/** What is there before the connectors run: files that sources read, topics that sinks read, and secrets. The same for both workers. */
import { changes, clicks, invoices, mixedJson, sensors, shop, type GivenRecord } from './given-records.ts'

/** One configuration, by its file's name in `configurations/`, and where its outcome is to be looked for. */
export interface Trialled {
  readonly name: string
  /** What the source's file holds. */
  readonly lines?: readonly string[]
  /** By topic. */
  readonly records?: Readonly<Record<string, readonly GivenRecord[]>>
  /** Topics that it writes: a source's, a sink's dead letters. */
  readonly topics: readonly string[]
  /** A sink that reads several topics gets them in no certain order. */
  readonly isUnordered?: boolean
}

export const ENVIRONMENT: Readonly<Record<string, string>> = { SLUICE_TRIAL_STAGE: 'prod', SLUICE_TRIAL_REGION: 'eu-1' }

/** Below the folder in which a worker runs. */
export const SECRETS: Readonly<Record<string, string>> = {
  'external-configuration/connector.properties':
    '# of the database\ndbUsername = sm\\u00f6rg\\u00e5s\n! told to nobody\nmaskWith: xx\\\n  xx\nunused=1\n',
  'external-configuration/mounted-secret/api-key': 's3cr3t-{not:a:variable}',
}

export const PROVIDERS: Readonly<Record<string, string>> = {
  'config.providers': 'file,env,directory',
  'config.providers.file.class': 'org.apache.kafka.common.config.provider.FileConfigProvider',
  'config.providers.env.class': 'org.apache.kafka.common.config.provider.EnvVarConfigProvider',
  'config.providers.env.param.allowlist.pattern': 'SLUICE_TRIAL_.*',
  'config.providers.directory.class': 'org.apache.kafka.common.config.provider.DirectoryConfigProvider',
}

const TEXTS = [
  '',
  ' ',
  'plain',
  'Grüße, “you”',
  '\ttab and \\ and "quotes"',
  '🚀 beyond the BMP',
  '{"json": true}',
  'null',
  '-17',
]

export const TRIALLED: readonly Trialled[] = [
  { name: 'local-file-source', lines: [...TEXTS, 'x'.repeat(5000)], topics: ['test-lines'] },
  {
    name: 'key-from-value',
    lines: [
      ...Array.from({ length: 40 }, (_, i) => String(i * 7919)),
      'n/a',
      '2147483647',
      '2147483648',
      '-2147483648',
      '+5',
      ' 6',
      '1.5',
      '',
      '7',
    ],
    topics: ['customers'],
  },
  {
    name: 'headers-source',
    lines: [...TEXTS, '12345678901234567890', '1.50', 'true', '[1, "a"]', '{"a": 1.0}'],
    topics: ['events'],
  },
  { name: 'secrets-source', lines: [...TEXTS], topics: ['logins'] },
  { name: 'jdbc-style-flatten-sink', records: { 'warehouse.invoices': invoices() }, topics: [] },
  { name: 'daily-index-sink', records: { clicks: clicks() }, topics: [] },
  {
    name: 'filter-sink',
    records: { 'shop.orders': shop('o'), 'shop.returns': shop('r') },
    topics: [],
    isUnordered: true,
  },
  {
    name: 'dead-letters-of-bad-json-sink',
    records: { 'test-topic-json': mixedJson() },
    topics: ['dlq-test-topic-json'],
  },
  { name: 'dead-letters-of-transforms-sink', records: { sensors: sensors() }, topics: ['dlq.sensors'] },
  {
    name: 'change-event-sink',
    records: { 'dbserver1.inventory.customers': changes('customers'), 'dbserver1.inventory.orders': changes('orders') },
    topics: [],
    isUnordered: true,
  },
]
