import type { StepAnswer } from '../exchange.ts'
import { type JsonPath, parseJson, textAt, valueAt } from '../json_path.ts'
import { parseXml, xmlText } from './xml.ts'

/** An answer as conditions and extractions read it; its body is parsed once and only when asked for. */
export class Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly isXml: boolean
  #json: { readonly value: unknown } | undefined
  #xml: { readonly value: unknown } | undefined

  constructor({ status, headers, text }: StepAnswer) {
    this.status = status
    this.headers = headers
    this.text = text
    this.isXml = /[/+]xml\b/i.test(headers.get('content-type') ?? '') || /^\s*</.test(text)
  }

  json(): unknown {
    this.#json ??= { value: parseJson(this.text) }
    return this.#json.value
  }

  xml(): unknown {
    this.#xml ??= { value: parseXml(this.text) }
    return this.#xml.value
  }

  jsonText(path: JsonPath): string | undefined {
    return textAt(this.json(), path)
  }

  xmlText(path: JsonPath): string | undefined {
    return xmlText(valueAt(this.xml(), path))
  }

  /** For conditions: a JSON value as it is, the text of XML. `null` is nothing. */
  valueAt(path: JsonPath): unknown {
    if (!this.isXml) return valueAt(this.json(), path) ?? undefined
    const value = valueAt(this.xml(), path)
    return xmlText(value) ?? value
  }

  /** As the service wrote it, neither decoded nor unquoted; `undefined` for one that it deletes (RFC 6265 §5.2). */
  cookie(name: string): string | undefined {
    const lines = this.headers.getSetCookie().filter((line) => line.split('=', 1)[0]?.trim() === name)
    const [pair = '', ...attributes] = (lines.at(-1) ?? '').split(';')
    if (attributes.some((attribute) => /^\s*max-age\s*=\s*(0|-\d+)\s*$/i.test(attribute))) return undefined
    return pair.slice(pair.indexOf('=') + 1).trim() || undefined
  }
}
