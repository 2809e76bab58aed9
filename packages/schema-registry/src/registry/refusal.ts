/** What the registry answers instead of what it was asked for: Confluent's `error_code`, whose first three digits are the HTTP status. */
export class RegistryRefusal extends Error {
  readonly errorCode: number

  constructor(errorCode: number, message: string) {
    super(message)
    this.name = 'RegistryRefusal'
    this.errorCode = errorCode
  }

  /** Of HTTP. */
  get status(): number {
    return Number(String(this.errorCode).slice(0, 3))
  }
}

/** Confluent's error codes and sentences. */
export const refusals = {
  subjectNotFound: (subject: string) => new RegistryRefusal(40401, `Subject '${subject}' not found.`),
  versionNotFound: (version: number | string) => new RegistryRefusal(40402, `Version ${version} not found.`),
  schemaNotFound: () => new RegistryRefusal(40403, 'Schema not found'),
  idNotFound: (id: number) => new RegistryRefusal(40403, `Schema ${id} not found`),
  subjectSoftDeleted: (subject: string) =>
    new RegistryRefusal(40404, `Subject '${subject}' was soft deleted. Set permanent=true to delete permanently`),
  subjectNotSoftDeleted: (subject: string) =>
    new RegistryRefusal(40405, `Subject '${subject}' was not deleted first before being permanently deleted`),
  versionSoftDeleted: (subject: string, version: number) =>
    new RegistryRefusal(
      40406,
      `Subject '${subject}' Version ${version} was soft deleted. Set permanent=true to delete permanently`,
    ),
  versionNotSoftDeleted: (subject: string, version: number) =>
    new RegistryRefusal(
      40407,
      `Subject '${subject}' Version ${version} was not deleted first before being permanently deleted`,
    ),
  noConfig: (subject: string) =>
    new RegistryRefusal(40408, `Subject '${subject}' does not have subject-level compatibility configured`),
  noMode: (subject: string) =>
    new RegistryRefusal(40409, `Subject '${subject}' does not have subject-level mode configured`),
  incompatible: (subject: string, details: readonly string[]) =>
    new RegistryRefusal(
      409,
      `Schema being registered is incompatible with an earlier schema for subject "${subject}", details: [${details.join(', ')}]`,
    ),
  invalidSchema: (why: string) => new RegistryRefusal(42201, `Invalid schema: ${why}`),
  invalidVersion: (version: string) =>
    new RegistryRefusal(
      42202,
      `The specified version '${version}' is not a valid version id. Allowed values are between [1, 2^31-1] and the string "latest"`,
    ),
  invalidLevel: () =>
    new RegistryRefusal(
      42203,
      'Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, forward_transitive, and full_transitive',
    ),
  invalidMode: () =>
    new RegistryRefusal(42204, 'Invalid mode. Valid values are READWRITE, READONLY, READONLY_OVERRIDE, and IMPORT'),
  notPermitted: (why: string) => new RegistryRefusal(42205, why),
  referenceExists: (subject: string, version: number) =>
    new RegistryRefusal(
      42206,
      `One or more references exist to the schema {magic=1,keytype=SCHEMA,subject=${subject},version=${version}}.`,
    ),
  unreadableBody: (why: string) => new RegistryRefusal(422, why),
  noSuchPath: () => new RegistryRefusal(404, 'HTTP 404 Not Found'),
  noSuchMethod: () => new RegistryRefusal(405, 'HTTP 405 Method Not Allowed'),
  tooLarge: (bytesMax: number) => new RegistryRefusal(413, `The request is larger than ${bytesMax} bytes`),
  busy: () => new RegistryRefusal(503, 'Too many requests are waiting to write'),
  storeFailed: (why: string) => new RegistryRefusal(50001, `Error in the backend data store: ${why}`),
} as const
