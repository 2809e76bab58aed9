import { S3TestServer } from '@sluice/object-store/testing'

/** Does some work while the environment says of S3 what such a server is, with one bucket: `state`. */
export async function inS3(work: (server: S3TestServer) => Promise<void>): Promise<void> {
  await using server = await S3TestServer.start({ buckets: ['state'] })
  const environment: Readonly<Record<string, string | undefined>> = {
    AWS_ENDPOINT_URL_S3: server.url,
    AWS_ACCESS_KEY_ID: server.settings['aws.access.key.id'],
    AWS_SECRET_ACCESS_KEY: server.settings['aws.secret.access.key'],
  }
  const before = Object.keys(environment).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, environment)
  try {
    await work(server)
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}
