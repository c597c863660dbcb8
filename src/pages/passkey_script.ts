/**
 * The one script of the pages: WebAuthn cannot be had without (Web Authentication Level 2 §5.1). Served at `/sign-in/passkey.js` as
 * `text/javascript`.
 *
 * A form with `data-passkey` (`get` or `create`) and `data-options` (`PublicKeyCredentialRequestOptionsJSON` or `...CreationOptionsJSON`)
 * asks the authenticator when it is submitted, and goes on its way with the answer as JSON in its field `response`. What goes wrong is said
 * in the words of the page (`data-unsupported`, `data-cancelled`, `data-exists`, `data-failed`), never in those of the browser.
 */
export const PASSKEY_SCRIPT = `'use strict'
{
  const toBytes = (text) =>
    Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))

  const toText = (buffer) =>
    btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(''))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', '')

  const descriptors = (list = []) => list.map((one) => ({ ...one, id: toBytes(one.id) }))

  /** What the browser takes, of what the server wrote as JSON. */
  const optionsFor = {
    get: (options) => ({
      ...options,
      challenge: toBytes(options.challenge),
      allowCredentials: descriptors(options.allowCredentials),
    }),
    create: (options) => ({
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: descriptors(options.excludeCredentials),
    }),
  }

  const answerOf = {
    get: ({ authenticatorData, signature, userHandle }) => ({
      authenticatorData: toText(authenticatorData),
      signature: toText(signature),
      ...(userHandle ? { userHandle: toText(userHandle) } : {}),
    }),
    create: (response) => ({
      attestationObject: toText(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    }),
  }

  const jsonOf = (credential, action) =>
    JSON.stringify({
      id: credential.id,
      rawId: toText(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: { clientDataJSON: toText(credential.response.clientDataJSON), ...answerOf[action](credential.response) },
    })

  /** DOMException names (Web Authentication Level 2 §5.1.3, §5.1.4) and what the page says of them. */
  const wordFor = { NotAllowedError: 'cancelled', AbortError: 'cancelled', InvalidStateError: 'exists', SecurityError: 'unsupported' }

  const isSupported = () =>
    window.isSecureContext && typeof window.PublicKeyCredential === 'function' && navigator.credentials !== undefined

  const prepare = (form) => {
    const action = form.dataset.passkey
    const button = form.querySelector('button[type=submit]')
    const status = form.querySelector('[role=status]')
    const say = (word) => {
      status.textContent = form.dataset[word] ?? form.dataset.failed
      status.hidden = false
    }
    if (!isSupported()) return say('unsupported')
    let isAsking = false

    form.addEventListener('submit', async (event) => {
      event.preventDefault()
      if (isAsking) return
      isAsking = true
      say('waiting')
      try {
        const publicKey = optionsFor[action](JSON.parse(form.dataset.options))
        const credential = await navigator.credentials[action]({ publicKey })
        form.elements.namedItem('response').value = jsonOf(credential, action)
        form.submit()
      } catch (error) {
        say(wordFor[error?.name] ?? 'failed')
        isAsking = false
      }
    })
    button.hidden = false
  }

  for (const form of document.querySelectorAll('form[data-passkey]')) prepare(form)

  // Back from the next page: what was answered is of no use a second time.
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) window.location.reload()
  })
}
`
