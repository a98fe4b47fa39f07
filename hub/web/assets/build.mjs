// Bundles scripts, styles and icons into the folder named on the command line, with hashed names and a manifest.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import * as esbuild from 'esbuild'
import * as sass from 'sass'

const here = dirname(fileURLToPath(import.meta.url))
const out = process.argv[2]
if (!out) throw new Error('usage: node build.mjs FOLDER')
mkdirSync(out, { recursive: true })

// The sheets of our own, in the order in which they win over each other.
const OWN = [
  'hub',
  'lists',
  'plan',
  'hosts',
  'audit',
  'left',
  'log',
  'frame',
  'templates',
  'editor',
]
const manifest = {}

function keep(name, content) {
  const bytes = Buffer.from(content)
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 12)
  const ext = extname(name)
  const hashed = `${basename(name, ext)}.${digest}${ext}`
  writeFileSync(join(out, hashed), bytes)
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
  writeFileSync(join(out, `${hashed}.br`), brotliCompressSync(bytes, { params }))
  writeFileSync(join(out, `${hashed}.gz`), gzipSync(bytes, { level: 9 }))
  manifest[name] = hashed
}

async function scripts() {
  const entries = readdirSync(join(here, 'src')).filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
  const pages = entries.filter((file) => readFileSync(join(here, 'src', file), 'utf8').startsWith('// Entry:'))
  const result = await esbuild.build({
    absWorkingDir: here,
    entryPoints: pages.map((file) => join('src', file)),
    bundle: true,
    minify: true,
    format: 'iife',
    target: ['es2022'],
    legalComments: 'none',
    outdir: out,
    write: false,
    logLevel: 'warning',
  })
  for (const file of result.outputFiles) keep(basename(file.path), file.contents)
}

function compile(name) {
  const options = { loadPaths: [join(here, 'node_modules')], quietDeps: true, sourceMap: false }
  return sass.compile(join(here, 'styles', name), options).css
}

async function styles() {
  // Tabler's sources name their properties without the prefix that its published styles and its manual have.
  const tabler = compile('tabler.scss').replace(/(?<=[{;(,\s])--(?=[a-z])/g, '--tblr-')
  const sheets = { 'main.css': tabler + OWN.map((name) => compile(`${name}.scss`)).join(''), 'api.css': compile('api.scss'), 'charts.css': compile('charts.scss') }
  for (const [name, css] of Object.entries(sheets)) {
    const small = await esbuild.transform(css, { loader: 'css', minify: true, legalComments: 'none' })
    keep(name, small.code)
  }
}

function icons() {
  const names = readFileSync(join(here, 'icons.txt'), 'utf8').split(/\s+/).filter(Boolean).sort()
  const symbols = names.map((name) => {
    const svg = readFileSync(join(here, 'node_modules/@tabler/icons/icons/outline', `${name}.svg`), 'utf8')
    const body = svg.slice(svg.indexOf('>') + 1, svg.lastIndexOf('</svg>'))
    const paths = body.replace(/<path stroke="none"[^>]*\/>/, '').replace(/\s+/g, ' ').trim()
    return `<symbol id="${name}" viewBox="0 0 24 24">${paths}</symbol>`
  })
  keep('icons.svg', `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>`)
  manifest['icons'] = names
  keep('favicon.svg', readFileSync(join(here, 'favicon.svg')))
}

function notices() {
  const bundled = [
    '@codemirror/commands', '@codemirror/language', '@codemirror/legacy-modes', '@codemirror/lint', '@codemirror/search',
    '@codemirror/state', '@codemirror/streamparser', '@codemirror/view', '@lezer/common', '@lezer/highlight', '@lezer/lr',
    '@marijn/find-cluster-break', '@tabler/core', '@tabler/icons', 'ansi-sequence-parser', 'crelt', 'htmx.org', 'style-mod',
    'swagger-ui-dist', 'uplot', 'w3c-keyname',
  ]
  const parts = bundled.map((name) => {
    const folder = join(here, 'node_modules', name)
    const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const files = readdirSync(folder).filter((entry) => /^licen[cs]e|^notice|es-bundle\.js\.license/i.test(entry))
    const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim())
    const text = texts.join('\n\n') || `Licence: ${about.license}`
    return `${name} ${about.version} (${about.license})\n\n${text}\n`
  })
  writeFileSync(join(out, 'THIRD-PARTY.txt'), parts.join(`\n${'-'.repeat(80)}\n\n`))
}

await scripts()
await styles()
icons()
notices()
writeFileSync(join(out, 'manifest.json'), JSON.stringify(manifest, null, 1))
