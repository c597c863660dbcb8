import type { Scheme } from '../scheme.ts'
import { apiKey } from './api_key.ts'
import { awsAssumeRole } from './aws_assume_role.ts'
import { awsSigv4 } from './aws_sigv4.ts'
import { basic } from './basic.ts'
import { hmac } from './hmac.ts'
import { httpSignature } from './http_signature.ts'
import { jwt } from './jwt.ts'
import { jwtBearer } from './jwt_bearer.ts'
import { oauth1 } from './oauth1.ts'
import { oauth2 } from './oauth2.ts'
import { superoffice } from './superoffice.ts'
import { tokenExchange } from './token_exchange.ts'
import { tripletex } from './tripletex.ts'

/** Every outbound scheme, by the id that connector files use. A new one is its file, its test, its docs page and a line here. */
export const SCHEMES: Readonly<Record<string, Scheme>> = {
  basic,
  api_key: apiKey,
  oauth2,
  jwt_bearer: jwtBearer,
  tripletex,
  superoffice,
  aws_sigv4: awsSigv4,
  oauth1,
  token_exchange: tokenExchange,
  jwt,
  hmac,
  http_signature: httpSignature,
  aws_assume_role: awsAssumeRole,
}
