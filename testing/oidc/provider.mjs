// A real OpenID provider (node oidc-provider) for the tests, with accounts that sign in by themselves.
//
//   node provider.mjs [--port N] [--detached]
//
// Prints one line of JSON, {"issuer": …}, once it serves. Discovery, JWKS, the authorization code flow with PKCE, the
// device flow and client credentials are the library's own. Added under /test, for the harness alone:
//
//   GET  /test/login?account=alice    walks the code flow with PKCE as a browser would; answers its tokens
//   GET  /test/device?user_code=…&account=alice   answers the device flow's question as that person
//   POST /test/sign                   signs {"header": {…}, "claims": {…}} with the provider's current key
//   POST /test/forge                  the same claims, made wrong as {"kind": …} says
//   POST /test/rotate                 restarts the provider with new keys, on the same port
//   GET  /test/fetches                how often the JWKS was fetched since the last rotation
import { createHash, createHmac, generateKeyPairSync, randomBytes, sign as signBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? process.argv[at + 1] : fallback;
};

const ACCOUNTS = {
  alice: { email: 'alice@shop.example', name: 'alice', groups: ['engineers'] },
  dora: { email: 'dora@shop.example', name: 'dora', groups: ['dba'] },
  dan: { email: 'dan@shop.example', name: 'dan', groups: ['dba'] },
  sam: { email: 'sam@shop.example', name: 'sam', groups: ['support'] },
  agent: { email: 'agent@shop.example', name: 'agent', groups: ['agents'], actor_type: 'agent' },
  root: { email: 'root@shop.example', name: 'root', groups: ['dba', 'superusers'] },
};
const AUDIENCE = 'portcullis';

let keys; // { kid, privateKey, publicKey, jwk }
let jwksFetches = 0;
let callback;
let rotations = 0;
let issuer;

const base64url = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

function newKeys() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  rotations += 1;
  const kid = `key-${rotations}`;
  keys = { kid, privateKey, publicKey, jwk: { ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' } };
}

function newProvider() {
  newKeys();
  jwksFetches = 0;
  const provider = new Provider(issuer, {
    jwks: { keys: [keys.jwk] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    clients: [
      {
        client_id: AUDIENCE,
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
        response_types: ['code'],
        redirect_uris: ['http://127.0.0.1/callback', 'http://127.0.0.1/auth/callback'],
      },
      {
        client_id: 'ci',
        client_secret: 'ci-secret',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
      },
    ],
    conformIdTokenClaims: false,
    scopes: ['openid', 'email', 'profile', 'groups', 'offline_access'],
    claims: { openid: ['sub', 'actor_type'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    pkce: { required: () => true },
    ttl: { IdToken: 3600, AccessToken: 3600, ClientCredentials: 3600, DeviceCode: 600, Session: 3600, Grant: 3600, Interaction: 600 },
    features: {
      devInteractions: { enabled: false },
      deviceFlow: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: 'openid', audience: AUDIENCE, accessTokenFormat: 'jwt', accessTokenTTL: 3600, jwt: { sign: { alg: 'RS256' } } }),
      },
    },
    extraTokenClaims: (_ctx, token) => (token.kind === 'ClientCredentials' ? { groups: ['ci'], name: token.clientId, actor_type: 'workload' } : undefined),
    interactions: { url: (_ctx, interaction) => `/test/interaction/${interaction.uid}` },
    findAccount: (_ctx, id) =>
      ACCOUNTS[id] && { accountId: id, claims: () => ({ sub: id, email_verified: true, ...ACCOUNTS[id] }) },
    renderError: (ctx, out) => {
      ctx.type = 'json';
      ctx.body = out;
    },
  });
  // Clients on loopback redirect to a port of their own choice (RFC 8252 section 7.3).
  const allowed = provider.Client.prototype.redirectUriAllowed;
  provider.Client.prototype.redirectUriAllowed = function redirectUriAllowed(uri) {
    const { hostname } = new URL(uri);
    return hostname === '127.0.0.1' || hostname === 'localhost' || allowed.call(this, uri);
  };
  const handle = provider.callback();
  callback = (request, response) => handle(request, response);
  callback.provider = provider;
}

// Signs in whoever `login_hint` names, and consents to all that was asked.
async function interact(request, response) {
  const { provider } = callback;
  const details = await provider.interactionDetails(request, response);
  const { prompt, params, session } = details;
  if (prompt.name === 'login') {
    const hint = params.login_hint ?? request.headers['x-test-account'] ?? 'alice';
    return provider.interactionFinished(request, response, { login: { accountId: hint } }, { mergeWithLastSubmission: false });
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope ?? 'openid');
  for (const resource of prompt.details.missingResourceScopes ? Object.keys(prompt.details.missingResourceScopes) : []) {
    grant.addResourceScope(resource, prompt.details.missingResourceScopes[resource].join(' '));
  }
  const grantId = await grant.save();
  return provider.interactionFinished(request, response, { consent: { grantId } }, { mergeWithLastSubmission: true });
}

// A browser of few words: keeps cookies, follows redirects as long as they stay at the provider.
async function browse(start, { form, account, cookies = new Map() } = {}) {
  let url = start;
  let body = form;
  for (let hop = 0; hop < 12; hop += 1) {
    const answer = await fetch(url, {
      method: body ? 'POST' : 'GET',
      body: body ? new URLSearchParams(body) : undefined,
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([k, v]) => `${k}=${v}`).join('; '), ...(account ? { 'x-test-account': account } : {}) },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [pair] = line.split(';');
      const at = pair.indexOf('=');
      cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    const next = answer.headers.get('location');
    if (!next) return { url, answer, text: await answer.text() };
    url = new URL(next, url).toString();
    body = undefined;
    if (!url.startsWith(issuer)) return { url, answer, text: '' };
  }
  throw new Error('too many redirects');
}

async function login(account) {
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    client_id: AUDIENCE,
    response_type: 'code',
    redirect_uri: 'http://127.0.0.1/callback',
    scope: 'openid email profile groups',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    login_hint: account,
    state: 'test',
  });
  const end = await browse(`${issuer}/auth?${query}`, { account });
  const code = new URL(end.url).searchParams.get('code');
  if (!code) throw new Error(`no code: ${end.url} ${end.text}`);
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'authorization_code', client_id: AUDIENCE, code, redirect_uri: 'http://127.0.0.1/callback', code_verifier: verifier }),
  });
  return answer.json();
}

// Each page of the device flow is one form: it is filled in and sent until no form is left.
async function device(userCode, account) {
  const cookies = new Map();
  let page = await browse(`${issuer}/device?user_code=${encodeURIComponent(userCode)}`, { account, cookies });
  for (let step = 0; step < 4 && /<form/i.test(page.text); step += 1) {
    const action = /action="([^"]+)"/i.exec(page.text)[1].replaceAll('&amp;', '&');
    const form = {};
    for (const [input] of page.text.matchAll(/<input[^>]*>/gi)) {
      const name = /name="([^"]*)"/i.exec(input)?.[1];
      if (name && name !== 'abort') form[name] = /value="([^"]*)"/i.exec(input)?.[1] ?? '';
    }
    form.user_code ??= userCode;
    form.confirm ??= 'yes';
    page = await browse(new URL(action, page.url).toString(), { form, account, cookies });
  }
  return { status: page.answer.status, done: /Success/.test(page.text) };
}

const now = () => Math.floor(Date.now() / 1000);
const claimsFor = (account, more) => ({
  iss: issuer, aud: AUDIENCE, sub: account, iat: now(), exp: now() + 600, ...(ACCOUNTS[account] ?? {}), email_verified: true, ...more,
});
const join = (header, payload, signature) => `${base64url(header)}.${base64url(payload)}.${signature}`;
const rs256 = (header, payload, key = keys.privateKey) =>
  join(header, payload, signBytes('sha256', Buffer.from(`${base64url(header)}.${base64url(payload)}`), key).toString('base64url'));
const hs256 = (header, payload, secret) =>
  join(header, payload, createHmac('sha256', secret).update(`${base64url(header)}.${base64url(payload)}`).digest('base64url'));
const without = (claims, name) => Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));

// Each makes one wrong token out of claims that are right.
const FORGERIES = {
  valid: (h, c) => rs256(h, c),
  'alg-none': (h, c) => join({ ...h, alg: 'none' }, c, ''),
  'alg-none-capitals': (h, c) => join({ ...h, alg: 'nOnE' }, c, ''),
  'alg-none-signed': (h, c) => join({ ...h, alg: 'none' }, c, rs256(h, c).split('.')[2]),
  'hs256-public-key-pem': (h, c) => hs256({ ...h, alg: 'HS256' }, c, keys.publicKey.export({ type: 'spki', format: 'pem' })),
  'hs256-public-key-der': (h, c) => hs256({ ...h, alg: 'HS256' }, c, keys.publicKey.export({ type: 'spki', format: 'der' })),
  'foreign-key-same-kid': (h, c) => rs256(h, c, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
  'unknown-kid': (h, c) => rs256({ ...h, kid: 'nobody' }, c, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
  'embedded-jwk': (h, c) => {
    const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return rs256({ ...h, jwk: own.publicKey.export({ format: 'jwk' }) }, c, own.privateKey);
  },
  jku: (h, c) => {
    const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return rs256({ ...h, kid: 'own', jku: `${issuer}/test/evil-jwks` }, c, own.privateKey);
  },
  x5u: (h, c) => {
    const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return rs256({ ...h, kid: 'own', x5u: `${issuer}/test/evil.pem` }, c, own.privateKey);
  },
  'crit-header': (h, c) => rs256({ ...h, crit: ['exp-policy'], 'exp-policy': true }, c),
  'wrong-audience': (h, c) => rs256(h, { ...c, aud: 'another-service' }),
  'audience-prefix': (h, c) => rs256(h, { ...c, aud: 'portcullis-staging' }),
  'no-audience': (h, c) => rs256(h, without(c, 'aud')),
  'wrong-issuer': (h, c) => rs256(h, { ...c, iss: 'http://127.0.0.1:1/other' }),
  'no-issuer': (h, c) => rs256(h, without(c, 'iss')),
  'no-expiry': (h, c) => rs256(h, without(c, 'exp')),
  'text-expiry': (h, c) => rs256(h, { ...c, exp: 'tomorrow' }),
  expired: (h, c) => rs256(h, { ...c, iat: now() - 7200, exp: now() - 3600 }),
  'not-yet-valid': (h, c) => rs256(h, { ...c, nbf: now() + 3600 }),
  'no-subject': (h, c) => rs256(h, without(c, 'sub')),
  'empty-subject': (h, c) => rs256(h, { ...c, sub: '' }),
  'duplicate-subject': (h, c) => rs256(h, JSON.stringify(c).replace(/\}$/, ',"sub":"root"}')),
  'duplicate-groups': (h, c) => rs256(h, JSON.stringify(c).replace(/\}$/, ',"groups":["superusers"]}')),
  'one-megabyte': (h, c) => rs256(h, { ...c, filler: 'x'.repeat(1 << 20) }),
  truncated: (h, c) => rs256(h, c).slice(0, -8),
  'changed-claims': (h, c) => {
    const [head, , signature] = rs256(h, c).split('.');
    return `${head}.${base64url({ ...c, groups: ['superusers'] })}.${signature}`;
  },
  'two-parts': (h, c) => rs256(h, c).split('.').slice(0, 2).join('.'),
  'four-parts': (h, c) => `${rs256(h, c)}.AAAA`,
  'not-json': (h) => rs256(h, 'claims'),
  'control-characters-in-email': (h, c) => rs256(h, { ...c, email: 'alice@shop.example\n2026 INFO approved', sub: 'al\u0000ice' }),
};

function body(request) {
  return new Promise((resolve, reject) => {
    let text = '';
    request.on('data', (chunk) => { text += chunk; });
    request.on('end', () => resolve(text ? JSON.parse(text) : {}));
    request.on('error', reject);
  });
}

async function testRoutes(request, response, url) {
  const send = (value) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(value));
  };
  const header = () => ({ alg: 'RS256', kid: keys.kid, typ: 'JWT' });
  switch (url.pathname) {
    case '/test/login':
      return send(await login(url.searchParams.get('account')));
    case '/test/device':
      return send(await device(url.searchParams.get('user_code'), url.searchParams.get('account')));
    case '/test/sign': {
      const asked = await body(request);
      return send({ token: rs256({ ...header(), ...asked.header }, claimsFor(asked.account ?? 'alice', asked.claims)) });
    }
    case '/test/forge': {
      const asked = await body(request);
      return send({ token: FORGERIES[asked.kind](header(), claimsFor(asked.account ?? 'alice', asked.claims)) });
    }
    case '/test/forgeries':
      return send(Object.keys(FORGERIES));
    case '/test/rotate':
      newProvider();
      return send({ kid: keys.kid });
    case '/test/fetches':
      return send({ jwks: jwksFetches });
    default:
      response.statusCode = 404;
      return send({ error: 'no such test route' });
  }
}

const server = createServer((request, response) => {
  const url = new URL(request.url, issuer);
  if (url.pathname === '/jwks') jwksFetches += 1;
  const failed = (error) => {
    response.statusCode = 500;
    response.end(JSON.stringify({ error: String(error), stack: error?.stack }));
  };
  if (url.pathname.startsWith('/test/interaction/')) interact(request, response).catch(failed);
  else if (url.pathname.startsWith('/test/')) testRoutes(request, response, url).catch(failed);
  else callback(request, response);
});

server.listen(Number(option('port', '0')), '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  newProvider();
  process.stdout.write(`${JSON.stringify({ issuer })}\n`);
});
// Whoever started it holds its standard input: when that is gone, so is the provider. --detached leaves that to others.
if (!process.argv.includes('--detached')) {
  process.stdin.on('end', () => process.exit(0));
  process.stdin.resume();
}
