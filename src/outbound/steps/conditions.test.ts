import { describe, expect, it } from 'vitest'
import { parseConnector } from '../connectors/connector.ts'
import { TemplateScope } from '../connectors/template.ts'
import { Answer } from './answer.ts'
import { type ConditionText, compileCondition, conditionSchema } from './conditions.ts'

const connector = parseConnector(
  'id: a\nname: A\ndocs: https://a.example\nscheme: basic\nbase_url: https://a.example\n',
  'a.yaml',
)
const answer = (body: string, status = 200, headers: Record<string, string> = {}) =>
  new Answer({ status, headers: new Headers(headers), text: body })
const holds = (condition: ConditionText, of: Answer) =>
  compileCondition(conditionSchema.parse(condition), new TemplateScope(['key'], []))(of, {
    connector,
    settings: { key: 'a.b/c' },
  })

const JSON_ANSWER = '{"ok":true,"code":0,"text":"1","error":null,"list":[{"id":7}],"a.b/c":1}'

describe('conditions on an answer', () => {
  it.each([
    [{ path: ['ok'], equals: true }, true],
    [{ path: ['ok'], equals: 'true' }, false],
    [{ path: ['ok'], not: true }, false],
    [{ path: ['code'], equals: [0, 1] }, true],
    [{ path: ['code'], not: [1, 2] }, true],
    [{ path: ['text'], equals: 1 }, false],
    [{ path: ['error'], exists: false }, true],
    [{ path: ['error'], equals: null }, true],
    [{ path: ['nothing'], exists: true }, false],
    [{ path: ['nothing'], not: true }, true],
    [{ path: ['constructor'], exists: true }, false],
    [{ path: '/list/0/id', equals: 7 }, true],
    [{ path: '/a.b~1c', equals: 1 }, true],
    [{ path: [`\${settings.key}`], equals: 1 }, true],
    [{ status: [200], path: ['ok'], equals: true }, true],
    [{ status: [201], path: ['ok'], equals: true }, false],
    [{ body: '"code":0' }, true],
    [{ header: 'X-Error', exists: false }, true],
    [{ header: 'x-left', equals: 5 }, true],
    [{ header: 'x-left', not: '5' }, false],
  ] as [ConditionText, boolean][])('%j', (condition, expected) => {
    expect(holds(condition, answer(JSON_ANSWER, 200, { 'X-Left': '5' }))).toBe(expected)
  })

  it('XML is text, with elements that have attributes, too', () => {
    const xml = answer('<s:R xmlns:s="u"><s:Ok nil="no">true</s:Ok><Code>0</Code><e/></s:R>')
    expect(holds({ path: ['R', 'Ok'], equals: true }, xml)).toBe(true)
    expect(holds({ path: ['R', 'Ok', '@nil'], equals: 'no' }, xml)).toBe(true)
    expect(holds({ path: ['R', 'Code'], not: 0 }, xml)).toBe(false)
    expect(holds({ path: ['R', 'None'], exists: false }, xml)).toBe(true)
  })

  it('nothing is at a path of an answer that cannot be read', () => {
    for (const body of ['', '{', '<a>', '<!DOCTYPE a><a>1</a>'])
      expect(holds({ path: ['a'], exists: true }, answer(body))).toBe(false)
  })
})
