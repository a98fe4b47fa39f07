// Bundles scripts, styles and icons into the folder named on the command line, with hashed names and a manifest.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import * as esbuild from 'esbuild'
import { PurgeCSS } from 'purgecss'
import * as sass from 'sass'
import { minify } from 'terser'

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
  'frame',
  'templates',
  'editor',
]
const manifest = {}

function keep(name, content, named = false) {
  const bytes = Buffer.from(content)
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 12)
  const ext = extname(name)
  const hashed = named ? name : `${basename(name, ext)}.${digest}${ext}`
  writeFileSync(join(out, hashed), bytes)
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
  writeFileSync(join(out, `${hashed}.br`), brotliCompressSync(bytes, { params }))
  writeFileSync(join(out, `${hashed}.gz`), gzipSync(bytes, { level: 9 }))
  manifest[name] = hashed
}

const SMALL = { iife: { ecma: 2020, compress: { passes: 2 } }, esm: { ecma: 2020, module: true, compress: { passes: 2 } } }

async function scripts() {
  const entries = readdirSync(join(here, 'src')).filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
  const opening = (file) => readFileSync(join(here, 'src', file), 'utf8')
  const pages = entries.filter((file) => opening(file).startsWith('// Entry:'))
  // A script that says it is a module may fetch parts of itself later; these keep the names that it calls them by.
  const modules = entries.filter((file) => opening(file).startsWith('// Entry (module):'))
  for (const [files, format] of [[pages, 'iife'], [modules, 'esm']]) {
    const result = await esbuild.build({
      absWorkingDir: here,
      entryPoints: files.map((file) => join('src', file)),
      bundle: true,
      minifySyntax: true,
      minifyIdentifiers: true,
      format,
      splitting: format === 'esm',
      chunkNames: '[name]-[hash]',
      target: ['es2022'],
      legalComments: 'none',
      outdir: out,
      write: false,
      logLevel: 'warning',
    })
    const entered = new Set(files.map((file) => file.replace(/\.ts$/, '.js')))
    for (const file of result.outputFiles) {
      const name = basename(file.path)
      // Terser's is a good deal smaller than esbuild's own; the reference of the API comes minified, and is too large for it.
      const small = name === 'api.js' ? await esbuild.transform(file.text, { minify: true }) : await minify(file.text, SMALL[format])
      keep(name, small.code, !entered.has(name))
    }
  }
}

function compile(name) {
  const options = { loadPaths: [join(here, 'node_modules')], quietDeps: true, sourceMap: false }
  return sass.compile(join(here, 'styles', name), options).css
}

// What the hub's own pages name: their templates, and what scripts and Python put into them. So a class of Tabler's is
// written there as one word, never put together.
const NAMED = ['../templates/**/*.html', '../pages/**/*.py', '../*.py', 'src/**/*.ts'].map((glob) => join(here, glob))

// Properties that are read by others than Tabler itself, and those that these are made of.
function readElsewhere(tabler, others) {
  const scripts = readdirSync(join(here, 'src'), { recursive: true }).filter((file) => file.endsWith('.ts'))
  const texts = [...others, ...scripts.map((file) => readFileSync(join(here, 'src', file), 'utf8'))]
  const names = (text) => text.match(/--tblr-[\w-]+/g) ?? []
  const made = new Map()
  for (const [, name, value] of tabler.matchAll(/(--tblr-[\w-]+)\s*:([^;}]*)/g)) made.set(name, [...(made.get(name) ?? []), ...names(value)])
  const found = new Set(names(texts.join('\n')))
  for (const name of found) for (const one of made.get(name) ?? []) found.add(one)
  return [...found]
}

async function styles() {
  // Tabler's sources name their properties without the prefix that its published styles and its manual have.
  const tabler = compile('tabler.scss').replace(/(?<=[{;(,\s])--(?=[a-z])/g, '--tblr-')
  const own = OWN.map((name) => compile(`${name}.scss`)).join('')
  const apart = {
    'api.css': compile('api.scss'),
    'charts.css': compile('charts.scss'),
    'reference.css': compile('reference.scss'),
    'task.css': compile('left.scss') + compile('log.scss'),
  }
  const used = await new PurgeCSS().purge({
    content: NAMED,
    css: [{ raw: tabler }],
    keyframes: true,
    variables: true,
    safelist: { standard: [], variables: readElsewhere(tabler, [own, ...Object.values(apart)]) },
  })
  // Pages that a plugin has a part in get all of Tabler's classes, the hub's own pages those that they use.
  const sheets = { 'main.css': used[0].css + own, 'whole.css': tabler + own, ...apart }
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
    '@codemirror/commands', '@codemirror/language', '@codemirror/legacy-modes', '@codemirror/search',
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
