// Completes package-lock.json after `npm install`: node deploy/dev/complete-lock.mjs
//
// Native packages name one optional package per platform. A registry mirror may lack those of other platforms; npm then leaves them out of
// the lock, and `npm ci` refuses that lock everywhere. Their versions are exact, so their entries can be written without asking anybody;
// the platform, which is in the name, keeps npm from fetching what this machine has no use for.
import fs from 'node:fs'

const FILE = 'package-lock.json'
const OS = {
  darwin: 'darwin',
  linux: 'linux',
  win32: 'win32',
  freebsd: 'freebsd',
  android: 'android',
  openharmony: 'openharmony',
}
const CPU = {
  wasm32: 'wasm32',
  arm64: 'arm64',
  x64: 'x64',
  ia32: 'ia32',
  ppc64: 'ppc64',
  s390x: 's390x',
  riscv64: 'riscv64',
  loong64: 'loong64',
  arm: 'arm',
}

const lock = JSON.parse(fs.readFileSync(FILE, 'utf8'))
const added = {}
for (const [folder, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (!isLocked(folder, name)) added[`node_modules/${name}`] = platformEntry(name, version, entry.dev === true)
  }
}
lock.packages = Object.fromEntries(
  Object.entries({ ...lock.packages, ...added }).toSorted(([a], [b]) => (a < b ? -1 : 1)),
)
fs.writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`${Object.keys(added).length} entries of other platforms added to ${FILE}`)

/** Whether the package is found from that folder as Node would look for it. */
function isLocked(folder, name) {
  for (let at = folder; ; at = at.includes('/node_modules/') ? at.slice(0, at.lastIndexOf('/node_modules/')) : '') {
    if (lock.packages[`${at === '' ? '' : `${at}/`}node_modules/${name}`] !== undefined) return true
    if (at === '') return false
  }
}

function platformEntry(name, version, dev) {
  const last = name.slice(name.lastIndexOf('/') + 1)
  const os = first(OS, last)
  const cpu = first(CPU, last)
  if (os === undefined && cpu === undefined)
    throw new Error(`${name} is optional, not locked, and names no platform: install it where it can be had`)
  return {
    version: version.replace(/^[~^]/, ''),
    optional: true,
    ...(dev ? { dev } : {}),
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(os === undefined ? {} : { os: [os] }),
    ...(last.includes('musl')
      ? { libc: ['musl'] }
      : last.includes('linux') && last.includes('gnu')
        ? { libc: ['glibc'] }
        : {}),
  }
}

function first(words, text) {
  const found = Object.keys(words).find((word) => text.includes(word))
  return found === undefined ? undefined : words[found]
}
