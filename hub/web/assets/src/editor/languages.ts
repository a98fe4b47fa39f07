// How the editor's languages are coloured and indented.
import { StreamLanguage, indentUnit, type StreamParser } from '@codemirror/language'
import { simpleMode } from '@codemirror/legacy-modes/mode/simple-mode'
import { yaml } from '@codemirror/legacy-modes/mode/yaml'
import { EditorState, type Extension } from '@codemirror/state'

const quoted = { regex: /"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?/, token: 'string' }
const number = { regex: /-?\b\d+(?:\.\d+)?\b/, token: 'number' }

const json = simpleMode({
  start: [
    { regex: /"(?:[^"\\]|\\.)*"(?=\s*:)/, token: 'propertyName' },
    { regex: /"(?:[^"\\]|\\.)*"?/, token: 'string' },
    { regex: /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/, token: 'number' },
    { regex: /\b(?:true|false|null)\b/, token: 'atom' },
    { regex: /[{[]/, indent: true },
    { regex: /[}\]]/, dedent: true },
    { regex: /[^\s"{}[\],:]+/, token: 'invalid' },
  ],
})

const ini = simpleMode({
  start: [
    { regex: /\s*[#;].*/, token: 'comment', sol: true },
    { regex: /\s*\[[^\]]*\]?/, token: 'heading', sol: true },
    { regex: /\s#.*/, token: 'comment' },
    quoted,
    { regex: /\{\{.*?\}\}/, token: 'variableName.special' },
    { regex: /([\w.-]+)(\s*=)/, token: ['propertyName', 'operator'] },
    { regex: /\b(?:true|false|yes|no)\b/i, token: 'atom' },
    number,
    { regex: /[\w.-]+/, token: null },
  ],
  languageData: { commentTokens: { line: '#' } },
})

const hcl = simpleMode({
  start: [
    { regex: /#.*|\/\/.*/, token: 'comment' },
    { regex: /\/\*/, token: 'comment', next: 'comment' },
    quoted,
    { regex: /\b(?:resource|data|variable|output|module|provider|terraform|locals|for|in|if|dynamic)\b/, token: 'keyword' },
    { regex: /\b(?:true|false|null)\b/, token: 'atom' },
    number,
    { regex: /([\w-]+)(\s*=)(?!=)/, token: ['propertyName', 'operator'] },
    { regex: /[{[(]/, indent: true },
    { regex: /[}\])]/, dedent: true },
    { regex: /[\w-]+/, token: 'variableName' },
  ],
  comment: [
    { regex: /.*?\*\//, token: 'comment', next: 'start' },
    { regex: /.*/, token: 'comment' },
  ],
  languageData: { commentTokens: { line: '#' } },
})

const NEAR = { yaml, json, ini, hcl }

// The large ones come when they are spoken.
const mode = async (name: string): Promise<StreamParser<unknown> | null> => {
  if (name === 'python') return (await import('@codemirror/legacy-modes/mode/python')).python
  if (name === 'shell') return (await import('@codemirror/legacy-modes/mode/shell')).shell
  return name in NEAR ? NEAR[name as keyof typeof NEAR] : null
}

export const language = async (name: string): Promise<Extension> => {
  const wide = name === 'python' || name === 'shell'
  const shared = [EditorState.tabSize.of(wide ? 4 : 2), indentUnit.of(wide ? '    ' : '  ')]
  const parser = await mode(name)
  return parser ? [...shared, StreamLanguage.define(parser)] : shared
}
