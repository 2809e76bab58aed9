/** Authentication and delegation tokens. Notation: `../notation.ts`. */

export const SaslHandshake = {
  key: 17,
  versions: '0-1',
  flexible: 'none',
  request: {
    mechanism: 'string',
  },
  response: {
    errorCode: 'int16',
    mechanisms: '[]string',
  },
} as const

export const SaslAuthenticate = {
  key: 36,
  versions: '0-2',
  flexible: '2+',
  request: {
    authBytes: 'bytes',
  },
  response: {
    errorCode: 'int16',
    errorMessage: 'string null = null',
    authBytes: 'bytes',
    sessionLifetimeMs: 'int64 1+ = 0',
  },
} as const

export const CreateDelegationToken = {
  key: 38,
  versions: '1-3',
  flexible: '2+',
  request: {
    ownerPrincipalType: 'string 3+ null must = null',
    ownerPrincipalName: 'string 3+ null must = null',
    renewers: { $: '[]', principalType: 'string', principalName: 'string' },
    maxLifetimeMs: 'int64',
  },
  response: {
    errorCode: 'int16',
    principalType: 'string',
    principalName: 'string',
    tokenRequesterPrincipalType: 'string 3+',
    tokenRequesterPrincipalName: 'string 3+',
    issueTimestampMs: 'int64',
    expiryTimestampMs: 'int64',
    maxTimestampMs: 'int64',
    tokenId: 'string',
    hmac: 'bytes',
    throttleTimeMs: 'int32 = 0',
  },
} as const

export const RenewDelegationToken = {
  key: 39,
  versions: '1-2',
  flexible: '2+',
  request: {
    hmac: 'bytes',
    renewPeriodMs: 'int64',
  },
  response: {
    errorCode: 'int16',
    expiryTimestampMs: 'int64',
    throttleTimeMs: 'int32 = 0',
  },
} as const

export const ExpireDelegationToken = {
  key: 40,
  versions: '1-2',
  flexible: '2+',
  request: {
    hmac: 'bytes',
    expiryTimePeriodMs: 'int64',
  },
  response: {
    errorCode: 'int16',
    expiryTimestampMs: 'int64',
    throttleTimeMs: 'int32 = 0',
  },
} as const

export const DescribeDelegationToken = {
  key: 41,
  versions: '1-3',
  flexible: '2+',
  request: {
    owners: { $: '[] null', principalType: 'string', principalName: 'string' },
  },
  response: {
    errorCode: 'int16',
    tokens: {
      $: '[]',
      principalType: 'string',
      principalName: 'string',
      tokenRequesterPrincipalType: 'string 3+',
      tokenRequesterPrincipalName: 'string 3+',
      issueTimestamp: 'int64',
      expiryTimestamp: 'int64',
      maxTimestamp: 'int64',
      tokenId: 'string',
      hmac: 'bytes',
      renewers: { $: '[]', principalType: 'string', principalName: 'string' },
    },
    throttleTimeMs: 'int32 = 0',
  },
} as const
