/** The reference page of the object stores: their URLs, and the settings of those that have some. */
import { s3Settings } from '@sluice/object-store'

export function objectStoresPage(): string {
  return `# Object stores

Where tables and files are kept, by URL. How to use S3: [Use S3](../how-to/use-s3.md).

| URL | objects |
|---|---|
| \`file:///var/lake\`, \`./lake\` | files below a folder |
| \`s3://bucket/prefix\` | objects of a bucket, on AWS or any store that speaks S3; \`s3a://\` is the same |
| \`memory:name\` | this process's memory |

## Settings of s3:

${s3Settings.page(3)}`
}
