/** Whether a host is one of those that a connector names: `api.example.com`, or `*.example.com` for every name below it. */
export function hostAllowed(hosts: readonly string[], host: string): boolean {
  const name = host.toLowerCase()
  return hosts.some((pattern) => (pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern))
}
