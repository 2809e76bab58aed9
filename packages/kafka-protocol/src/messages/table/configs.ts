/** Configurations, quotas, SCRAM users. Notation: `../notation.ts`. */

export const DescribeConfigs = {
  key: 32,
  versions: '1-4',
  flexible: '4+',
  request: {
    resources: { $: '[]', resourceType: 'int8', resourceName: 'string', configurationKeys: '[]string null' },
    includeSynonyms: 'boolean',
    includeDocumentation: 'boolean 3+',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    results: {
      $: '[]',
      errorCode: 'int16',
      errorMessage: 'string null = null',
      resourceType: 'int8',
      resourceName: 'string',
      configs: {
        $: '[]',
        name: 'string',
        value: 'string null',
        readOnly: 'boolean',
        configSource: 'int8 = -1',
        isSensitive: 'boolean',
        synonyms: { $: '[]', name: 'string', value: 'string null', source: 'int8' },
        configType: 'int8 3+',
        documentation: 'string 3+ null',
      },
    },
  },
} as const

export const AlterConfigs = {
  key: 33,
  versions: '0-2',
  flexible: '2+',
  request: {
    resources: {
      $: '[]',
      resourceType: 'int8',
      resourceName: 'string',
      configs: { $: '[]', name: 'string', value: 'string null' },
    },
    validateOnly: 'boolean = false',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    responses: {
      $: '[]',
      errorCode: 'int16',
      errorMessage: 'string null = null',
      resourceType: 'int8',
      resourceName: 'string',
    },
  },
} as const

export const IncrementalAlterConfigs = {
  key: 44,
  versions: '0-1',
  flexible: '1+',
  request: {
    resources: {
      $: '[]',
      resourceType: 'int8',
      resourceName: 'string',
      configs: { $: '[]', name: 'string', configOperation: 'int8', value: 'string null' },
    },
    validateOnly: 'boolean = false',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    responses: {
      $: '[]',
      errorCode: 'int16',
      errorMessage: 'string null = null',
      resourceType: 'int8',
      resourceName: 'string',
    },
  },
} as const

export const ListConfigResources = {
  key: 74,
  versions: '0-1',
  flexible: '0+',
  request: {
    resourceTypes: '[]int8 1+ must',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    configResources: { $: '[]', resourceName: 'string', resourceType: 'int8 1+' },
  },
} as const

export const DescribeClientQuotas = {
  key: 48,
  versions: '0-1',
  flexible: '1+',
  request: {
    components: { $: '[]', entityType: 'string', matchType: 'int8', match: 'string null' },
    strict: 'boolean',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    errorMessage: 'string null = null',
    entries: {
      $: '[] null',
      entity: { $: '[]', entityType: 'string', entityName: 'string null' },
      values: { $: '[]', key: 'string', value: 'float64' },
    },
  },
} as const

export const AlterClientQuotas = {
  key: 49,
  versions: '0-1',
  flexible: '1+',
  request: {
    entries: {
      $: '[]',
      entity: { $: '[]', entityType: 'string', entityName: 'string null' },
      ops: { $: '[]', key: 'string', value: 'float64', remove: 'boolean' },
    },
    validateOnly: 'boolean = false',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    entries: {
      $: '[]',
      errorCode: 'int16',
      errorMessage: 'string null = null',
      entity: { $: '[]', entityType: 'string', entityName: 'string null' },
    },
  },
} as const

export const DescribeUserScramCredentials = {
  key: 50,
  versions: '0',
  flexible: '0+',
  request: {
    users: { $: '[] null = null', name: 'string' },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    errorMessage: 'string null = null',
    results: {
      $: '[]',
      user: 'string',
      errorCode: 'int16',
      errorMessage: 'string null = null',
      credentialInfos: { $: '[]', mechanism: 'int8', iterations: 'int32' },
    },
  },
} as const

export const AlterUserScramCredentials = {
  key: 51,
  versions: '0',
  flexible: '0+',
  request: {
    deletions: { $: '[]', name: 'string', mechanism: 'int8' },
    upsertions: {
      $: '[]',
      name: 'string',
      mechanism: 'int8',
      iterations: 'int32',
      salt: 'bytes',
      saltedPassword: 'bytes',
    },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    results: { $: '[]', user: 'string', errorCode: 'int16', errorMessage: 'string null = null' },
  },
} as const
