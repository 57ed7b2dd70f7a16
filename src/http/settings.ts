/** What the configuration says about the HTTP side. */
import type { ServerOptions } from 'node:http';
import type { Environment } from '../platform/config.ts';
import type { HttpConfig } from './app.ts';

/** How often the server looks for clients that are too slow. */
const CHECK_INTERVAL_MS = 5_000;

/** The HTTP side's configuration; `jwtSecret` is the one that signs. */
export function httpConfigOf(environment: Environment, jwtSecret: string): HttpConfig {
  const { ORDO_JWT_SECRET_PREVIOUS: previous } = environment;
  return {
    jwtSecrets: previous === undefined ? [jwtSecret] : [jwtSecret, previous],
    tokenTtlS: environment.ORDO_TOKEN_TTL_S,
    secureCookies: environment.ORDO_TLS === 'true',
    loginTest: environment.ORDO_LOGIN_TEST === 'true',
    rates: {
      reads: environment.ORDO_RATE_READS,
      writes: environment.ORDO_RATE_WRITES,
      auth: environment.ORDO_RATE_AUTH,
    },
    logins: { failures: environment.ORDO_LOGIN_FAILURES, windowS: environment.ORDO_LOGIN_WINDOW_S },
    allowedOrigins: environment.ORDO_ALLOWED_ORIGINS,
    trustedProxies: environment.ORDO_TRUSTED_PROXIES,
    body: { maxBytes: environment.ORDO_BODY_MAX_BYTES, maxDepth: environment.ORDO_JSON_DEPTH },
    importRows: environment.ORDO_IMPORT_ROWS,
    privateEndpoints: environment.ORDO_PRIVATE_ENDPOINTS === 'true',
    ...(environment.VAPID_PUBLIC_KEY !== undefined && {
      push: {
        publicKey: environment.VAPID_PUBLIC_KEY,
        allowPrivate: environment.ORDO_PRIVATE_ENDPOINTS === 'true',
      },
    }),
  };
}

/** How long a client may take before the server hangs up on it. */
export function serverOptionsOf(environment: Environment): ServerOptions {
  const requestTimeout = environment.ORDO_REQUEST_TIMEOUT_MS;
  const headersTimeout = Math.min(environment.ORDO_HEADERS_TIMEOUT_MS, requestTimeout);
  return {
    headersTimeout,
    requestTimeout,
    keepAliveTimeout: environment.ORDO_KEEP_ALIVE_MS,
    connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS, headersTimeout),
  };
}
