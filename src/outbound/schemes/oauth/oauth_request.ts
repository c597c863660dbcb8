import type { ExchangeContext, StepAnswer } from '../../exchange.ts'
import type { ConnectionSecrets, Values } from '../../scheme.ts'
import type { ClientProof } from './oauth_client.ts'
import { type CompiledParams, withParams } from './oauth_values.ts'

export interface TokenRequest {
  readonly url: string
  /** What the grant says; the client's own parameters come with its proof. */
  readonly params: Values
  readonly proof: ClientProof
  /** Of the connector: on top of all others. */
  readonly more: CompiledParams
  readonly headers: CompiledParams
  readonly format: 'form' | 'json'
}

/** One POST to a token or revocation endpoint (RFC 6749 §3.2: never GET, so that no secret stands in an address). */
export async function sendTokenRequest(
  request: TokenRequest,
  connection: ConnectionSecrets,
  { fetch }: ExchangeContext,
): Promise<StepAnswer> {
  const { url, proof, format } = request
  const params = withParams({ ...request.params, ...proof.params }, request.more, connection)
  const isForm = format === 'form'
  return fetch({
    method: 'POST',
    url,
    headers: withParams(
      {
        Accept: 'application/json',
        'Content-Type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
        ...proof.headers,
      },
      request.headers,
      connection,
    ),
    body: isForm ? new URLSearchParams(params).toString() : JSON.stringify(params),
    ...(proof.certificate === undefined ? {} : { certificate: proof.certificate }),
  })
}
