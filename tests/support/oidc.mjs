// OpenID providers for tests, on free ports of this machine: `oidc-provider` from npm, a certified one, and a crooked one that
// signs whatever it is told.
import { createServer } from 'node:http'
import { generateKeyPairSync } from 'node:crypto'
import { exportJWK, SignJWT, UnsecuredJWT } from 'jose'
import Provider from 'oidc-provider'

export const CLIENT = 'qiao'
export const SECRET = 'a-secret-of-the-test-only-0123456789'

async function listening(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${server.address().port}`
}

const end = (server) => new Promise((resolve) => {
  server.closeAllConnections()
  server.close(resolve)
})

/** A signing key as a JWK, private members included. */
async function newKey(alg, kid) {
  const pair = alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { pair, jwk: { ...await exportJWK(pair.privateKey), kid, alg, use: 'sig' }, shown: { ...await exportJWK(pair.publicKey), kid, alg, use: 'sig' } }
}

/** The real one. Its address is known before the client's: open() comes when Qiao listens. Whatever name is typed is the account. */
export async function realProvider() {
  let callback = (request, response) => response.writeHead(503).end()
  const server = createServer((request, response) => callback(request, response))
  const issuer = await listening(server)
  return {
    issuer,
    /** @param jwks  the client proves who it is by this key in place of the secret */
    async open(redirect, alg = 'RS256', jwks = undefined) {
      const proof = jwks ? { jwks, token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256' } : { client_secret: SECRET }
      const provider = new Provider(issuer, {
        clients: [{ client_id: CLIENT, ...proof, redirect_uris: [redirect], post_logout_redirect_uris: [new URL('/app/today', redirect).href], response_types: ['code'], grant_types: ['authorization_code'], id_token_signed_response_alg: alg }],
        jwks: { keys: [(await newKey('RS256', 'r1')).jwk, (await newKey('ES256', 'e1')).jwk, (await newKey('PS256', 'p1')).jwk] },
        cookies: { keys: ['only-for-the-test'] },
        pkce: { required: () => true },
        enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'PS256'] },
      })
      callback = provider.callback()
    },
    end: () => end(server),
  }
}

/** The crooked one: the code of an answer names a case of `cases`, which makes the ID token. */
export async function crookedProvider() {
  const keys = { r1: await newKey('RS256', 'r1'), e1: await newKey('ES256', 'e1') }
  const stranger = await newKey('RS256', 'r1')
  let shown = [keys.r1.shown, keys.e1.shown]
  const cases = new Map()
  const seen = { metadata: 0, jwks: 0, tokens: [] }
  const server = createServer(async (request, response) => {
    const json = (status, body) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
    if (request.url === '/.well-known/openid-configuration') {
      seen.metadata++
      return json(200, { issuer, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks`, response_types_supported: ['code'], code_challenge_methods_supported: ['S256'] })
    }
    if (request.url === '/jwks') {
      seen.jwks++
      return json(200, { keys: shown })
    }
    let body = ''
    for await (const piece of request) body += piece
    const form = new URLSearchParams(body)
    seen.tokens.push({ form, authorization: request.headers.authorization })
    const made = await cases.get(form.get('code'))?.(form)
    if (made === undefined) return json(400, { error: 'invalid_grant' })
    if (made.raw !== undefined) return response.writeHead(made.status ?? 200, { 'Content-Type': 'application/json', ...made.headers }).end(made.raw)
    return json(200, { access_token: 'x', token_type: 'Bearer', id_token: made })
  })
  const issuer = await listening(server)
  const now = () => Math.floor(Date.now() / 1000)
  const claims = (nonce, change = {}) => ({ iss: issuer, sub: 'account-1', aud: CLIENT, iat: now(), exp: now() + 120, nonce, ...change })
  const sign = (payload, key = keys.r1, header = {}) => new SignJWT(payload).setProtectedHeader({ alg: key.jwk.alg, kid: key.jwk.kid, ...header }).sign(key.pair.privateKey)
  return {
    issuer, cases, seen, claims, sign, keys, stranger,
    unsigned: (payload) => new UnsecuredJWT(payload).encode(),
    hmac: (payload, secret) => new SignJWT(payload).setProtectedHeader({ alg: 'HS256', kid: 'r1' }).sign(new TextEncoder().encode(secret)),
    newKey,
    show(...list) { shown = list.map((one) => one.shown) },
    end: () => end(server),
  }
}
