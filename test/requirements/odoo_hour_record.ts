interface Places {
  readonly folder: string
  /** Of Octroi, of Odoo, and what the doctor asked in place of https://odoo.example.org. */
  readonly gate: string
  readonly odoo: string
  readonly site: string
}

/** What was typed and what was said, without what differs from one time to the next, and without a secret. */
export function recorded(steps: readonly string[], { folder, gate, odoo, site }: Places): string {
  const text = steps
    .map(inOrder)
    .map((step) => (step.endsWith('\n') ? step : `${step}\n`))
    .join('\n')
    .replaceAll('\r\n', '\n')
    .replaceAll(folder, '/opt/octroi')
    .replaceAll(gate, 'http://127.0.0.1:8700')
    .replaceAll(odoo, 'http://127.0.0.1:8069')
    .replaceAll(site, 'https://odoo.example.org')
    // There is no certificate here.
    .replaceAll('http://odoo.example.org', 'https://odoo.example.org')
    .replaceAll(/oct_key_([a-z0-9]{8})_[0-9A-Za-z]{38}/g, 'oct_key_$1_...')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z/g, '2026-11-22T09:00:00$1Z')
    .replaceAll(/^(date): .+$/gim, '$1: Sun, 22 Nov 2026 09:00:00 GMT')
    .replaceAll(/^(content-length): .+$/gim, '$1: ...')
    .replaceAll(/nginx\/[\d.]+/g, 'nginx')
    .replaceAll(/\b[0-9a-f]{20}\b/g, '0123456789abcdef0123')
  return `${withFixedIds(text)
    .replaceAll(/[ \t]+$/gm, '')
    .trim()}\n`
}

/** Lists of keys come in the order of their ids, which are random; how long a check took differs too. */
function inOrder(step: string): string {
  const lines = step.split('\n')
  if (step.startsWith('$ ./octroi key ls')) {
    const [command = '', header = '', ...rows] = lines
    return [command, header, ...rows.sort((a, b) => (a.slice(8) < b.slice(8) ? -1 : 1)).filter(Boolean), ''].join('\n')
  }
  if (!step.startsWith('$ ./octroi audit ls')) return step
  return lines
    .map((line) =>
      line.replace(/\S+ +(127\.0\.0\.1|FROM)$/, (_, from) => `${from === 'FROM' ? 'MS ' : '1.0'}  ${from}`),
    )
    .join('\n')
}

/** Ids of keys in the order in which they appear, of the same length: tables stay as they are. */
function withFixedIds(text: string): string {
  const ids = new Map<string, string>()
  for (const [, id = ''] of text.matchAll(/oct_key_([a-z0-9]{8})_/g)) ids.set(id, '')
  for (const [, id = ''] of text.matchAll(/^([a-z0-9]{8}) {2}\S/gm)) ids.set(id, '')
  let fixed = text
  for (const [i, id] of [...ids.keys()].entries())
    fixed = fixed.replaceAll(id, `1a2b3c${String(i + 1).padStart(2, '0')}`)
  return fixed
}
