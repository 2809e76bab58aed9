/** Access control lists. Notation: `../notation.ts`. */

export const DescribeAcls = {
  key: 29,
  versions: '1-3',
  flexible: '2+',
  request: {
    resourceTypeFilter: 'int8',
    resourceNameFilter: 'string null',
    patternTypeFilter: 'int8 = 3',
    principalFilter: 'string null',
    hostFilter: 'string null',
    operation: 'int8',
    permissionType: 'int8',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    errorMessage: 'string null = null',
    resources: {
      $: '[]',
      resourceType: 'int8',
      resourceName: 'string',
      patternType: 'int8 = 3',
      acls: { $: '[]', principal: 'string', host: 'string', operation: 'int8', permissionType: 'int8' },
    },
  },
} as const

export const CreateAcls = {
  key: 30,
  versions: '1-3',
  flexible: '2+',
  request: {
    creations: {
      $: '[]',
      resourceType: 'int8',
      resourceName: 'string',
      resourcePatternType: 'int8 = 3',
      principal: 'string',
      host: 'string',
      operation: 'int8',
      permissionType: 'int8',
    },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    results: { $: '[]', errorCode: 'int16', errorMessage: 'string null = null' },
  },
} as const

export const DeleteAcls = {
  key: 31,
  versions: '1-3',
  flexible: '2+',
  request: {
    filters: {
      $: '[]',
      resourceTypeFilter: 'int8',
      resourceNameFilter: 'string null',
      patternTypeFilter: 'int8 = 3',
      principalFilter: 'string null',
      hostFilter: 'string null',
      operation: 'int8',
      permissionType: 'int8',
    },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    filterResults: {
      $: '[]',
      errorCode: 'int16',
      errorMessage: 'string null = null',
      matchingAcls: {
        $: '[]',
        errorCode: 'int16',
        errorMessage: 'string null = null',
        resourceType: 'int8',
        resourceName: 'string',
        patternType: 'int8 = 3',
        principal: 'string',
        host: 'string',
        operation: 'int8',
        permissionType: 'int8',
      },
    },
  },
} as const
