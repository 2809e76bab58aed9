/** Settings of whose store a record goes to. */
import { atLeast, defineSettings, oneOf } from '@sluice/sdk'
import type { ParsedSettings, SettingProblem } from '@sluice/sdk'
import { accepted } from './accepted.ts'
import { parseTenants } from './tenants.ts'

const GROUP = 'Tenants'

export const tenantSettings = defineSettings(
  {
    'topic.pattern': {
      type: 'string',
      default: '',
      importance: 'medium',
      group: GROUP,
      validator: accepted('a regular expression', (pattern) => new RegExp(pattern, 'u')),
      documentation:
        'A regular expression for the whole name of a topic, such as (?<tenant>[^.]+)\\.(?<entity>.+). The group tenant names the tenant; of tables, groups may stand in table.name: ${tenant}/${entity}. Records of topics that do not match are bad records.',
    },
    tenants: {
      type: 'password',
      default: null,
      importance: 'medium',
      group: GROUP,
      validator: accepted('JSON: an object of settings per tenant', (text) => parseTenants(text)),
      documentation:
        'Stores of tenants, as JSON: {"acme": {"lake.url": "s3://acme-lake", "aws.access.key.id": "…", "aws.secret.access.key": "…", "s3.sse.kms.key.id": "…"}}. The group tenant of topic.pattern names the tenant; what a tenant does not say holds as for all, and without a URL it has a folder of its name below the store of all. Records of other tenants are bad records. Secrets are best put in by a config provider.',
    },
    'behavior.on.tenant.errors': {
      type: 'string',
      default: 'park',
      importance: 'medium',
      group: GROUP,
      validator: oneOf('park', 'report', 'fail'),
      documentation:
        'What happens when the store of a tenant refuses for good, as without rights or without its bucket. park: partitions with its records are not read on, until tenant.retry.ms later it is tried again; report: its records are bad records meanwhile; fail: the task fails. With the first two the other tenants go on.',
    },
    'tenant.retry.ms': {
      type: 'long',
      default: 300_000,
      importance: 'low',
      group: GROUP,
      validator: atLeast(1),
      documentation: 'After how many milliseconds a tenant whose store refused is tried again.',
    },
  },
  {
    *check(settings): Iterable<SettingProblem> {
      if (settings.tenants !== null && !settings['topic.pattern'].includes('(?<tenant>'))
        yield {
          setting: 'topic.pattern',
          message: 'topic.pattern must have a group (?<tenant>…) when there are tenants',
        }
    },
  },
)

export type TenantRules = ParsedSettings<typeof tenantSettings>
