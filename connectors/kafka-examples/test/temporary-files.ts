import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll } from '@jest/globals'

let folder: string | undefined
let count = 0

/** A path in a folder that is gone when the tests of this file are done. */
export function temporaryPath(): string {
  folder ??= fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-kafka-examples-'))
  count++
  return path.join(folder, `${count}.txt`)
}

/** A file of that content. */
export function temporaryFile(content: string | Uint8Array): string {
  const file = temporaryPath()
  fs.writeFileSync(file, content)
  return file
}

afterAll(() => {
  if (folder !== undefined) fs.rmSync(folder, { recursive: true, force: true })
})
