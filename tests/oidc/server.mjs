// The authorization server of the end-to-end tests: `oidc-provider` with everything in memory, on loopback.
//
// Four listeners, each on a port of the system's choice, are announced as one JSON line once all of them answer:
//   issuer  the authorization server itself (RFC 8414 metadata at /.well-known/openid-configuration)
//   secure  the same over TLS, where it asks clients for a certificate (RFC 8705)
//   api     a protected resource that looks each bearer token up
//   admin   what a test does behind the server's back
//
// Usage: node server.mjs ['{"access_token_ttl": 60, ...}'], see `defaults` for the options.

import { X509Certificate, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';

import { Provider } from 'oidc-provider';

import { apiHandler } from './api.mjs';
import { adminHandler } from './admin.mjs';
import { shiftClock } from './clock.mjs';
import { Faults, Journal, watch } from './journal.mjs';
import { Storage } from './storage.mjs';

const defaults = {
  // Lives, in seconds.
  access_token_ttl: 3600,
  refresh_token_ttl: 14 * 24 * 3600,
  // A refresh token is valid for one use; a second use revokes the grant.
  rotate_refresh_token: true,
  // For how many seconds after its first use a refresh token is accepted again, as by many providers.
  refresh_grace_seconds: 0,
  // How long after a refresh its answer is sent, in milliseconds.
  answer_delay_ms: 0,
  // Omits `expires_in` from token responses (RFC 6749, section 5.1 only recommends it).
  omit_expires_in: false,
  // On loopback, any port of these addresses is accepted (RFC 8252, section 7.3).
  redirect_uris: ['http://127.0.0.1/callback', 'http://127.0.0.1/oauth/callback', 'http://127.0.0.1/'],
  // Ends with whoever started it, even when that one was killed.
  exit_with_stdin: false,
};

const options = readOptions(process.argv[2]);
const storage = new Storage(options.refresh_grace_seconds);
const journal = new Journal();
const faults = new Faults();

const issuerServer = await listen();
const secureServer = await listen(
  createSecureServer({
    key: key('server.key'),
    cert: key('server.pem'),
    ca: key('authority.pem'),
    requestCert: true,
    rejectUnauthorized: false,
  }),
);
const apiServer = await listen();
const adminServer = await listen();

const provider = new Provider(origin(issuerServer), configuration());
provider.use(watch(journal, faults, options));

issuerServer.on('request', provider.callback());
secureServer.on('request', provider.callback());
apiServer.on('request', apiHandler(provider, journal));
adminServer.on('request', adminHandler({ storage, journal, faults, shiftClock }));

if (options.exit_with_stdin) {
  process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(0)).resume();
}

const announcement = { issuer: origin(issuerServer), secure: secureOrigin(), api: origin(apiServer), admin: origin(adminServer) };
process.stdout.write(`${JSON.stringify(announcement)}\n`);

function configuration() {
  return {
    adapter: storage.adapter(),
    clients: clients(),
    clientAuthMethods: [
      'none',
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'tls_client_auth',
      'self_signed_tls_client_auth',
    ],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clockTolerance: 0,
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    scopes: ['openid', 'offline_access', 'api.read', 'api.write'],
    cookies: { keys: ['signs cookies of a server that lives for one test'] },
    jwks: { keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })] },
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: false },
      mTLS: {
        enabled: true,
        selfSignedTlsClientAuth: true,
        tlsClientAuth: true,
        certificateBoundAccessTokens: true,
        getCertificate: (ctx) => shown(ctx)?.toString(),
        certificateAuthorized: (ctx) => ctx.socket.authorized,
        certificateSubjectMatches: (ctx, property, expected) =>
          property === 'tls_client_auth_san_dns' && shown(ctx)?.checkHost(expected) === expected,
      },
    },
    discovery: {
      mtls_endpoint_aliases: {
        token_endpoint: `${secureOrigin()}/token`,
        revocation_endpoint: `${secureOrigin()}/token/revocation`,
      },
    },
    findAccount: (_, login) => ({
      accountId: login,
      claims: () => ({ sub: login, name: login, email: `${login}@example.com`, email_verified: true }),
    }),
    issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
    pkce: { required: () => true },
    rotateRefreshToken: options.rotate_refresh_token,
    ttl: {
      AccessToken: options.access_token_ttl,
      ClientCredentials: options.access_token_ttl,
      RefreshToken: options.refresh_token_ttl,
      AuthorizationCode: 60,
      DeviceCode: 600,
      Grant: 30 * 24 * 3600,
      IdToken: 3600,
      Interaction: 3600,
      Session: 3600,
    },
  };
}

function clients() {
  const user = {
    application_type: 'native',
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    redirect_uris: options.redirect_uris,
  };
  const machine = {
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    scope: 'api.read api.write',
  };
  const signs = (id, keys, alg) => ({
    client_id: id,
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: alg,
    jwks: { keys: [{ ...jwk(keys), use: 'sig', kid: 'key 1' }] },
  });
  const secret = (id) => ({ client_id: id, client_secret: `${id} secret: +&=%/?` });
  return [
    { ...user, client_id: 'public', token_endpoint_auth_method: 'none' },
    { ...user, ...secret('confidential-basic'), token_endpoint_auth_method: 'client_secret_basic' },
    { ...user, ...secret('confidential-post'), token_endpoint_auth_method: 'client_secret_post' },
    { ...machine, ...secret('machine'), token_endpoint_auth_method: 'client_secret_basic' },
    { ...machine, ...signs('signs-ps256', 'rsa.crt.pem', 'PS256') },
    { ...machine, ...signs('signs-rs256', 'rsa.crt.pem', 'RS256') },
    { ...machine, ...signs('signs-es256', 'ec.crt.pem', 'ES256') },
    { ...user, ...signs('consent-signs', 'rsa.crt.pem', 'PS256') },
    {
      ...machine,
      client_id: 'certified',
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_san_dns: 'client-1.test',
      tls_client_certificate_bound_access_tokens: true,
    },
    {
      ...machine,
      client_id: 'self-certified',
      token_endpoint_auth_method: 'self_signed_tls_client_auth',
      jwks: { keys: [{ ...jwk('ec.crt.pem'), use: 'sig' }] },
    },
  ];
}

/** The public key of a certificate, with the certificate. */
function jwk(name) {
  const certificate = new X509Certificate(key(name));
  return { ...createPublicKey(key(name)).export({ format: 'jwk' }), x5c: [certificate.raw.toString('base64')] };
}

/** What the client showed in the TLS handshake. */
function shown(ctx) {
  return ctx.socket.getPeerX509Certificate?.();
}

/** Keys and certificates for these tests alone. */
function key(name) {
  return readFileSync(new URL(`keys/${name}`, import.meta.url));
}

function readOptions(text = '{}') {
  const given = JSON.parse(text);
  const unknown = Object.keys(given).filter((name) => !(name in defaults));
  if (unknown.length > 0) {
    throw new Error(`unknown options ${unknown.join(', ')}; known are ${Object.keys(defaults).join(', ')}`);
  }
  return { ...defaults, ...given };
}

function listen(server = createServer()) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

function origin(server) {
  return `http://127.0.0.1:${server.address().port}`;
}

function secureOrigin() {
  return `https://127.0.0.1:${secureServer.address().port}`;
}
