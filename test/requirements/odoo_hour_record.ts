/** What was typed and what was said, without what differs from one time to the next, and without a secret. */
export function recorded(text: string, { folder, url, odoo }: Record<'folder' | 'url' | 'odoo', string>): string {
  const ids = new Map<string, string>()
  const named = text
    .replaceAll('\r\n', '\n')
    .replaceAll(folder, '/opt/octroi')
    .replaceAll(url, 'http://127.0.0.1:8700')
    .replaceAll(odoo, 'http://127.0.0.1:8069')
    .replaceAll(/oct_key_([a-z0-9]{8})_[0-9A-Za-z]{38}/g, 'oct_key_$1_...')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '2026-11-22T09:00:00.000Z')
    .replaceAll(/^(date): .+$/gim, '$1: Sun, 22 Nov 2026 09:00:00 GMT')
    .replaceAll(/^(server: nginx)\/.+$/gim, '$1')
    .replaceAll(/\b[0-9a-f]{20}\b/g, '0123456789abcdef0123')
  // Ids of keys in the order in which they appear, of the same length: tables stay as they are.
  for (const [, id] of named.matchAll(/\b([a-z0-9]{8})\b(?= {2})|oct_key_([a-z0-9]{8})_/g)) {
    if (id !== undefined && !ids.has(id) && /\d/.test(id)) ids.set(id, `1a2b3c${String(ids.size + 1).padStart(2, '0')}`)
  }
  let record = named
  for (const [id, fixed] of ids) record = record.replaceAll(id, fixed)
  return `${record.replaceAll(/[ \t]+$/gm, '').trim()}\n`
}
