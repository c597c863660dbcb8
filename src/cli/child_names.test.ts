import { describe, expect, it } from 'vitest'
import { checkNaming, environmentName, isRefusedName, namedSecrets, withoutOctroi } from './child_names.ts'

const plain = { env: {}, prefix: '' }

describe('the names of secrets in an environment', () => {
  it('are the exact names, but for what such a name cannot hold', () => {
    expect(namedSecrets({ oauth_access_token: 'a', 'SO-Apptoken': 'b', '2nd': 'c' }, plain)).toEqual({
      oauth_access_token: 'a',
      SO_Apptoken: 'b',
      _2nd: 'c',
    })
    expect(environmentName('a.b c\n')).toBe('a_b_c_')
  })

  it('--env names one instead of its own; --prefix stands before the others', () => {
    const naming = { env: { USERNAME: 'username', AGAIN: 'username' }, prefix: 'P_' }
    expect(namedSecrets({ username: 'u', password: 'p' }, naming)).toEqual({
      USERNAME: 'u',
      AGAIN: 'u',
      P_password: 'p',
    })
  })

  it.each(
    'ld_preload LD_PRELOAD Dyld_Insert_Libraries path PATH node_options NODE_EXTRA_CA_CERTS pythonpath BASH_ENV ifs IFS octroi_key https_proxy git_ssh_command'.split(
      ' ',
    ),
  )('D16 %s is refused, from the connection and from the command line', (name) => {
    expect(isRefusedName(name)).toBe(true)
    expect(() => namedSecrets({ [name]: 'golden' }, plain)).toThrow(`${name} cannot be given as ${name}: the loader`)
    expect(() => namedSecrets({ [name]: 'golden' }, plain)).not.toThrow(/golden/)
    expect(() => checkNaming({ env: { [name]: 'x' }, prefix: '' })).toThrow('no secret may go there')
  })

  it('D16 a prefix cannot make a refused name of a harmless one', () => {
    expect(() => namedSecrets({ preload: 'x' }, { env: {}, prefix: 'LD_' })).toThrow(
      'preload cannot be given as LD_preload',
    )
  })

  it('every secret name of the contract may be given', () => {
    const names = `username password api_key oauth_access_token oauth_client_id oauth_client_secret oauth_refresh_token jwt_access_token
      jwt_refresh_token consumer_key consumer_token employee_token session_token so_ticket SO_Apptoken client_id client_secret`
    expect(names.split(/\s+/).filter(isRefusedName)).toEqual([])
  })

  it('two secrets of one name are refused, with the remedy', () => {
    expect(() => namedSecrets({ 'a-b': '1', a_b: '2' }, plain)).toThrow('--env NAME=a_b')
    expect(namedSecrets({ 'a-b': '1', a_b: '2' }, { env: { other: 'a_b' }, prefix: '' })).toEqual({
      other: '2',
      a_b: '1',
    })
  })

  it('what is not there, and what an environment cannot hold, is refused without its value', () => {
    expect(() => namedSecrets({ a: '1' }, { env: { X: 'b' }, prefix: '' })).toThrow('there is no b; there is a')
    expect(() => namedSecrets({ a: 'gol\0den' }, plain)).toThrow(/NUL/)
    expect(() => checkNaming({ env: { 'a-b': 'x' }, prefix: '' })).toThrow('is not a name of the environment')
    expect(() => checkNaming({ env: {}, prefix: '9' })).toThrow('--prefix takes')
  })

  it('D16 what begins with OCTROI_ stays behind, however it is written', () => {
    expect(withoutOctroi({ OCTROI_KEY: 'k', octroi_url: 'u', PATH: '/bin', NOTHING: undefined })).toEqual({
      PATH: '/bin',
    })
  })
})
