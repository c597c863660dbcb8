import { gitea } from './gitea.ts'
import { grafana } from './grafana.ts'
import { nextcloud } from './nextcloud.ts'
import { odoo } from './odoo.ts'
import { paheko } from './paheko.ts'
import { recyclique } from './recyclique.ts'
import type { ClientTemplate } from './template.ts'
import { wordpress } from './wordpress.ts'

/** Each has its page: `docs/clients/NAME.md`. */
export const CLIENT_TEMPLATE_NAMES = [
  'paheko',
  'recyclique',
  'odoo',
  'nextcloud',
  'wordpress',
  'grafana',
  'gitea',
] as const
export type ClientTemplateName = (typeof CLIENT_TEMPLATE_NAMES)[number]

export const CLIENT_TEMPLATES: Readonly<Record<ClientTemplateName, ClientTemplate>> = {
  paheko,
  recyclique,
  odoo,
  nextcloud,
  wordpress,
  grafana,
  gitea,
}
