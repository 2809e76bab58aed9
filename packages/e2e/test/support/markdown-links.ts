import fs from 'node:fs'
import path from 'node:path'
import { root, type HouseFile } from './house-files.ts'

/** `page → target` of each relative link whose file, or whose heading in it, is not there. */
export function brokenLinks(pages: readonly HouseFile[]): readonly string[] {
  return pages.flatMap((page) =>
    linksOf(page.text)
      .filter((target) => !resolves(page, target))
      .map((target) => `${page.path} → ${target}`),
  )
}

function linksOf(text: string): readonly string[] {
  const links = withoutCode(text).matchAll(/\]\(([^()\s]+)\)/g)
  return [...links].map(([, target]) => target!).filter((target) => !/^[a-z]+:/.test(target))
}

function resolves(page: HouseFile, target: string): boolean {
  const [file = '', heading] = target.split('#')
  const at =
    file === '' ? path.join(root, page.path) : path.resolve(root, path.dirname(page.path), decodeURIComponent(file))
  if (!fs.existsSync(at)) return false
  return heading === undefined || !at.endsWith('.md') || headingsOf(fs.readFileSync(at, 'utf8')).has(heading)
}

/** The names under which the headings of a page can be linked to, as GitHub makes them. */
function headingsOf(text: string): ReadonlySet<string> {
  const times = new Map<string, number>()
  const names = new Set<string>()
  for (const [, heading] of withoutFences(text).matchAll(/^#+\s+(.*)$/gm)) {
    const plain = heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
    const before = times.get(plain) ?? 0
    times.set(plain, before + 1)
    names.add(before === 0 ? plain : `${plain}-${before}`)
  }
  return names
}

function withoutCode(text: string): string {
  return withoutFences(text).replace(/`[^`\n]*`/g, '')
}

function withoutFences(text: string): string {
  return text.replace(/^(```+)[\s\S]*?^\1\s*$/gm, '')
}
