import { FailedError, UsageError } from './command.ts'

/** Under which names of the environment a program finds the secrets of a connection. */

type Environment = Readonly<Record<string, string | undefined>>

/**
 * D16: what these name is read by the loader, the shell or the runtime before the program itself begins. A secret there would be
 * code, or would send the program's calls elsewhere. `*` is any ending; compared without regard to case.
 */
const REFUSED = `
  LD_* DYLD_* _RLD* LIBPATH SHLIB_PATH GLIBC_TUNABLES GCONV_PATH MALLOC_* NLSPATH LOCPATH HOSTALIASES RES_OPTIONS LOCALDOMAIN
  PATH PATHEXT COMSPEC SYSTEMROOT WINDIR SHELL HOME PWD OLDPWD TMPDIR TEMP TMP IFS ENV CDPATH PS4 PROMPT_COMMAND
  BASH_ENV BASH_FUNC_* BASHOPTS SHELLOPTS GLOBIGNORE ZDOTDIR FPATH
  NODE_* NPM_CONFIG_* PYTHON* RUBYOPT RUBYLIB GEM_* BUNDLE_* PERL5* PERLLIB LUA_* PHPRC PHP_INI_SCAN_DIR
  JAVA_* _JAVA_OPTIONS JDK_* CLASSPATH DOTNET_* CORECLR_* COR_* GOFLAGS GODEBUG RUST_* RUSTC_* CARGO_* ERL_* BUN_* DENO_*
  GIT_* SSH_* SSL_* OPENSSL_* CURL_* REQUESTS_CA_BUNDLE HTTP_PROXY HTTPS_PROXY FTP_PROXY ALL_PROXY NO_PROXY
  EDITOR VISUAL PAGER LESSOPEN LESSCLOSE BROWSER TERMINFO TERMCAP DISPLAY XDG_* DOCKER_* KUBECONFIG OCTROI_*
`
  .trim()
  .split(/\s+/)

export function isRefusedName(name: string): boolean {
  const upper = name.toUpperCase()
  return REFUSED.some((rule) => (rule.endsWith('*') ? upper.startsWith(rule.slice(0, -1)) : upper === rule))
}

/** `SO-Apptoken` → `SO_Apptoken`: the exact name, but for what a name of the environment cannot hold. */
export function environmentName(injected: string): string {
  return injected.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_')
}

export interface Naming {
  /** Name of the environment → name of the secret. */
  readonly env: Readonly<Record<string, string>>
  readonly prefix: string
}

/** Throws `UsageError` for names that can never be taken, whatever the connection injects. */
export function checkNaming({ env, prefix }: Naming): void {
  for (const name of Object.keys(env)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new UsageError(`--env ${name}: is not a name of the environment.`)
    if (isRefusedName(name)) throw new UsageError(`--env ${name}: ${WHY}.`)
  }
  if (!/^([A-Za-z_][A-Za-z0-9_]*)?$/.test(prefix)) {
    throw new UsageError('--prefix takes letters, digits and _, and does not begin with a digit.')
  }
}

const WHY = 'the loader, the shell or the runtime of a program reads this name; no secret may go there'

/** The secrets by their names in the environment. Throws when a name cannot be used; no message has a value. */
export function namedSecrets(secrets: Readonly<Record<string, string>>, naming: Naming): Record<string, string> {
  const mapped = Object.entries(naming.env)
  const missing = mapped.find(([, secret]) => !Object.hasOwn(secrets, secret))
  if (missing !== undefined) {
    throw new FailedError(`--env ${missing[0]}: there is no ${missing[1]}; there is ${list(Object.keys(secrets))}.`)
  }
  const rest = Object.keys(secrets).filter((secret) => !mapped.some(([, taken]) => taken === secret))
  const names = [...mapped, ...rest.map((secret) => [naming.prefix + environmentName(secret), secret] as const)]
  const result = new Map<string, string>()
  for (const [name, secret] of names) {
    const value = secrets[secret] as string
    const fault = nameFault(name, value, result)
    if (fault !== undefined) {
      throw new FailedError(`${secret} cannot be given as ${name}: ${fault}. Name it: --env NAME=${secret}`)
    }
    result.set(name, value)
  }
  return Object.fromEntries(result)
}

function nameFault(name: string, value: string, taken: ReadonlyMap<string, string>): string | undefined {
  if (isRefusedName(name)) return WHY
  if (taken.has(name)) return 'another secret has this name'
  return value.includes('\0') ? 'it holds a NUL, which the environment cannot' : undefined
}

/** What the program inherits: everything but what speaks to Octroi. */
export function withoutOctroi(env: Environment): Record<string, string> {
  const kept = Object.entries(env).filter(([name, value]) => value !== undefined && !/^OCTROI_/i.test(name))
  return Object.fromEntries(kept) as Record<string, string>
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.join(', ')
}
