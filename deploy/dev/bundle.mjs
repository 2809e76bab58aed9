// Makes what Node runs of each package, as its package.json names it (`exports`, `programs`), in dist/: `npm run build`, after the types.
//
// A start is mostly the loading of modules, and goes by their number. A stream processor's 650 take 290 ms of CPU and 93 MiB; as the few files
// that are made here, 55 ms and 67 MiB. A package stays a package: others are imported, not taken in.
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** How a module asks where it is. From where another package is asked for is all the same within one. */
const ASKS =
  /(?<!createRequire\()import\.meta\.(?:url|filename)|createRequire\(import\.meta\.url\)\('\.|\(import\.meta\.dirname/

const packages = ['packages', 'connectors', 'processors'].flatMap((shelf) =>
  fs.readdirSync(path.join(root, shelf)).map((folder) => path.join(root, shelf, folder)),
)
await Promise.all(packages.filter((dir) => fs.existsSync(path.join(dir, 'package.json'))).map(bundle))

async function bundle(dir) {
  const { name, exports = {}, programs = [] } = JSON.parse(fs.readFileSync(path.join(dir, 'package.json'), 'utf8'))
  const entryPoints = [...Object.values(exports).map((door) => door['@sluice/source']), ...programs]
  if (entryPoints.length === 0) return
  const { metafile } = await build({
    absWorkingDir: dir,
    entryPoints,
    outbase: 'src',
    outdir: 'dist',
    bundle: true,
    // What several of them need is one module for all: classes are compared, and state is shared.
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node22',
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
  })
  assertAtHome(name, dir, metafile)
  const made = new Set(Object.keys(metafile.outputs).map((file) => path.join(dir, file)))
  removeOthers(path.join(dir, 'dist'), made)
}

/** A module that asks where it is must be at the top of src/, and come to lie at the top of dist/. */
function assertAtHome(name, dir, { outputs }) {
  for (const [file, { inputs }] of Object.entries(outputs)) {
    for (const source of Object.keys(inputs)) {
      if (path.dirname(source) === 'src' && path.dirname(file) === 'dist') continue
      const asked = fs.readFileSync(path.join(dir, source), 'utf8').match(ASKS)
      if (asked !== null) throw new Error(`${name}: ${source} asks where it is: ${asked[0]}; see programs.ts`)
    }
  }
}

/** Those of earlier builds; declarations are the compiler's. */
function removeOthers(folder, made) {
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name)
    if (/\.js(?:\.map)?$/.test(file) && !made.has(file)) fs.rmSync(file)
  }
}
