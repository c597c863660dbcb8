/**
 * What is used of the WebAuthn library. Loaded when the first passkey is asked for: with its parsers of certificates it would be a quarter of
 * every start.
 */
export {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
export { decodeAttestationObject, decodeClientDataJSON } from '@simplewebauthn/server/helpers'
