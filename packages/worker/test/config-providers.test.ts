import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { RawSettings } from '@sluice/sdk'
import { ConfigProviders, type ProvidedValues, type ResolvedSettings } from '../src/config-providers.ts'

const JAVA = 'org.apache.kafka.common.config.provider.'
let dir = ''
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'providers-'))
  fs.mkdirSync(path.join(dir, 'open'))
  fs.writeFileSync(path.join(dir, 'open', 'db.properties'), 'user=ann\npassword=s3cret\nlike=${file:x:y}\n')
  fs.writeFileSync(path.join(dir, 'open', 'token'), 'abc\n')
  fs.writeFileSync(path.join(dir, 'closed'), 'a=b\n')
  fs.symlinkSync(path.join(dir, 'closed'), path.join(dir, 'open', 'link'))
  process.env['SLUICE_TEST_SECRET'] = 'from the environment'
})
afterAll(() => {
  fs.rmSync(dir, { recursive: true })
  delete process.env['SLUICE_TEST_SECRET']
})

function providers(params: RawSettings = {}): ConfigProviders {
  return ConfigProviders.of({
    'config.providers': 'file, dir, env',
    'config.providers.file.class': `${JAVA}FileConfigProvider`,
    'config.providers.dir.class': `${JAVA}DirectoryConfigProvider`,
    'config.providers.env.class': 'EnvVarConfigProvider',
    ...params,
  })
}

function resolve(text: string, params: RawSettings = {}): Promise<ResolvedSettings> {
  return providers(params).resolve({ x: text, plain: 'as it is' })
}

describe('values of config providers', () => {
  test('come from a properties file, from files of a folder, and from the environment; several in one value', async () => {
    const file = path.join(dir, 'open', 'db.properties')
    const { settings, provided, values } = await resolve(
      `\${file:${file}:user}:\${file:${file}:password}@\${dir:${path.join(dir, 'open')}:token}/\${env:SLUICE_TEST_SECRET}`,
    )
    expect(settings).toEqual({ x: 'ann:s3cret@abc\n/from the environment', plain: 'as it is' })
    expect([...provided]).toEqual(['x'])
    expect([...values]).toEqual(['ann', 's3cret', 'abc\n', 'from the environment'])
  })

  test.each(['${nobody:a:b}', '${env:SLUICE_NOT_THERE}', '${plain}', '$env:X'])('%s stays as it is', async (text) => {
    expect(await resolve(text)).toMatchObject({ settings: { x: text }, provided: new Set() })
  })

  test('that look like variables are not looked at again', async () => {
    const { settings } = await resolve(`\${file:${path.join(dir, 'open', 'db.properties')}:like}`)
    expect(settings['x']).toBe('${file:x:y}')
  })

  test('are held back when their path is not allowed, also behind a link or a step up', async () => {
    const params = { 'config.providers.file.param.allowed.paths': path.join(dir, 'open') }
    for (const place of ['closed', 'open/link', 'open/../closed']) {
      const text = `\${file:${dir}/${place}:a}`
      expect(await resolve(text, params)).toMatchObject({ settings: { x: text } })
    }
    const allowed = await resolve(`\${file:${dir}/open/db.properties:user}`, params)
    expect(allowed.settings['x']).toBe('ann')
  })

  test('of a folder are those of files in it, not beside it', async () => {
    const text = `\${dir:${path.join(dir, 'open')}:../closed}`
    expect((await resolve(text)).settings['x']).toBe(text)
  })

  test('are held back when their name is not allowed as a whole', async () => {
    const params = { 'config.providers.env.param.allowlist.pattern': 'SLUICE' }
    expect((await resolve('${env:SLUICE_TEST_SECRET}', params)).settings['x']).toBe('${env:SLUICE_TEST_SECRET}')
    const fits = { 'config.providers.env.param.allowlist.pattern': 'SLUICE_.*' }
    expect((await resolve('${env:SLUICE_TEST_SECRET}', fits)).settings['x']).toBe('from the environment')
  })

  test('run out when the first of them does', async () => {
    const ttl = (ttlMs: number | null) => () => ({ get: async () => ({ values: { k: 'v' }, ttlMs }) })
    const vaults = ConfigProviders.of(
      {
        'config.providers': 'a,b,c',
        'config.providers.a.class': 'Long',
        'config.providers.b.class': 'Short',
        'config.providers.c.class': 'Ever',
      },
      { Long: ttl(2_000), Short: ttl(500), Ever: ttl(null) },
    )
    expect(await vaults.resolve({ x: '${a:k}${b:k}${c:k}' })).toMatchObject({ settings: { x: 'vvv' }, ttlMs: 500 })
    expect(await vaults.resolve({ x: '${c:k}' })).toMatchObject({ ttlMs: null })
  })

  test('run out when ttl.ms says so, if they do not earlier', async () => {
    const ttl = async (params: RawSettings): Promise<number | null> =>
      (await resolve('${env:SLUICE_TEST_SECRET}', params)).ttlMs
    expect(await ttl({})).toBeNull()
    expect(await ttl({ 'config.providers.env.param.ttl.ms': '60000' })).toBe(60_000)
    for (const [own, given, shorter] of [
      [500, 2_000, 500],
      [2_000, 500, 500],
    ] as const) {
      const lender = ConfigProviders.of(
        {
          'config.providers': 'a',
          'config.providers.a.class': 'Own',
          'config.providers.a.param.ttl.ms': String(given),
        },
        { Own: () => ({ get: async () => ({ values: { k: 'v' }, ttlMs: own }) }) },
      )
      expect(await lender.resolve({ x: '${a:k}' })).toMatchObject({ ttlMs: shorter })
    }
    for (const wrong of ['0', '-1', 'soon', '1.5', ''])
      expect(() => providers({ 'config.providers.env.param.ttl.ms': wrong })).toThrow(/ttl\.ms/)
  })

  test('that cannot be read are told of, without a guess', async () => {
    await expect(resolve('${file:/no/such/file:a}')).rejects.toMatchObject({ code: 'SETTINGS_INVALID' })
    await expect(resolve('${env:a:b}')).rejects.toThrow(/Path is not supported/)
  })

  test('are read from regular files alone: another kind is told by name, and nothing waits for it', async () => {
    const fifo = path.join(dir, 'fifo')
    execFileSync('mkfifo', [fifo])
    for (const [place, kind] of [
      [fifo, 'a FIFO'],
      [dir, 'a folder'],
      ['/dev/null', 'a device or a socket'],
    ] as const)
      await expect(resolve(`\${file:${place}:a}`)).rejects.toMatchObject({
        code: 'SETTINGS_INVALID',
        message: `A config provider cannot read ${place}: it is ${kind}, not a regular file`,
      })
    expect((await resolve(`\${dir:${dir}:fifo}`)).provided.size).toBe(0)
  })

  test('of one path are read once, however many ask for them at the same time', async () => {
    let reads = 0
    const answer = Promise.withResolvers<void>()
    const get = async (): Promise<ProvidedValues> => {
      reads++
      await answer.promise
      return { values: { k: 'v' }, ttlMs: null }
    }
    const worker = { 'config.providers': 'a', 'config.providers.a.class': 'Slow' }
    const vault = ConfigProviders.of(worker, { Slow: () => ({ get }) })
    const all = [1, 2, 3].map(() => vault.resolve({ x: '${a:/p:k}' }))
    answer.resolve()
    expect((await Promise.all(all)).map(({ settings }) => settings['x'])).toEqual(['v', 'v', 'v'])
    expect(reads).toBe(1)
  })

  test('need a provider that is known', () => {
    expect(() => providers({ 'config.providers.file.class': 'com.example.Vault' })).toThrow(/com\.example\.Vault/)
    expect(() => ConfigProviders.of({ 'config.providers': 'x' })).toThrow(/Missing config\.providers\.x\.class/)
  })
})
