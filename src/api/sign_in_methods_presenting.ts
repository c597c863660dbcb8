import type { z } from 'zod'
import type { SignInMethod as Stored } from '../core/people_types.ts'
import type { ApiParts } from './endpoint.ts'
import { presentNetwork } from './presenting.ts'
import type { SignInMethod } from './sign_in_method_schemas.ts'

/** With the addresses that are to be registered at the provider. */
export function presentMethod({ about }: Pick<ApiParts, 'about'>, method: Stored): z.input<typeof SignInMethod> {
  const { settings, secret_names, groups, network, ...rest } = method
  const isRedirect = method.kind === 'oidc'
  return {
    ...rest,
    settings: { ...settings },
    secret_names: [...secret_names],
    groups: [...groups],
    network: presentNetwork(network),
    redirect_uri: isRedirect ? `${about.public_url}/sign-in/${method.id}/callback` : null,
    post_logout_redirect_uri: isRedirect ? `${about.public_url}/session/signed-out` : null,
  }
}
