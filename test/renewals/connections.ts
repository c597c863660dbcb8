import { createHash } from 'node:crypto'
import { basic, call } from '../support/vendors/calling.ts'
import type { HelloAsso } from '../support/vendors/helloasso.ts'
import type { OAuth2Server } from '../support/vendors/oauth2_server.ts'
import { TRIPLETEX_CONSUMER, TRIPLETEX_EMPLOYEE, type Tripletex } from '../support/vendors/tripletex.ts'

/** Bodies that connect to the stand-ins of vendors; `more` is over them. */

export const NEAR = { allow_private: true, allow_http: true }

type Body = Readonly<Record<string, unknown>>

/** A token for the client alone: nothing that rotates, and it can always have another one. */
export function clientCredentials(server: OAuth2Server, more: Body = {}): Body {
  return {
    connector: 'generic-oauth2-cc',
    settings: { base_url: server.url, token_url: `${server.url}/token`, test_path: '/whoami' },
    secrets: { client_id: server.clientId, client_secret: server.clientSecret },
    network: NEAR,
    ...more,
  }
}

/** What a person has agreed to elsewhere: a refresh token, which most services rotate. */
export function withRefreshToken(server: OAuth2Server, refreshToken: string, more: Body = {}): Body {
  return {
    connector: 'generic-oauth2',
    settings: {
      base_url: server.url,
      authorization_url: `${server.url}/authorize`,
      token_url: `${server.url}/token`,
      test_path: '/whoami',
    },
    secrets: {
      client_id: server.clientId,
      client_secret: server.clientSecret,
      oauth_refresh_token: refreshToken,
    },
    network: NEAR,
    ...more,
  }
}

const VERIFIER = 'v'.repeat(43)

/** The refresh token of a person who agrees (authorization code with PKCE). */
export async function agreedTo(server: OAuth2Server): Promise<string> {
  const [redirect = ''] = server.settings.redirectUris
  const asked = new URLSearchParams({
    response_type: 'code',
    client_id: server.clientId,
    redirect_uri: redirect,
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const back = await call(`GET ${server.url}/authorize?${asked}`)
  const code = new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? ''
  const answer = await call(`POST ${server.url}/token`, {
    form: { grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: VERIFIER },
    headers: { Authorization: basic(encodeURIComponent(server.clientId), encodeURIComponent(server.clientSecret)) },
  })
  if (answer.status !== 200) throw new Error(`nobody agreed: ${answer.text}`)
  return answer.body.refresh_token
}

export function tripletexBooks(tripletex: Tripletex, more: Body = {}): Body {
  return {
    connector: 'tripletex',
    settings: { base_url: tripletex.url },
    secrets: { consumer_token: TRIPLETEX_CONSUMER, employee_token: TRIPLETEX_EMPLOYEE.token },
    network: NEAR,
    ...more,
  }
}

export function helloassoClient(helloasso: HelloAsso, more: Body = {}): Body {
  return {
    connector: 'helloasso',
    settings: { api_url: helloasso.url },
    secrets: { client_id: helloasso.clientId, client_secret: helloasso.clientSecret },
    network: NEAR,
    ...more,
  }
}
