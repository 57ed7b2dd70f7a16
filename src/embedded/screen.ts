/** The screen that a start ends with: where everything is, who can log in, and a first order. */
import { hideCredentials } from './addresses.ts';
import type { Credentials } from './demo.ts';
import { FIRST_ORDER } from './demo-catalogue.ts';

/** What the screen tells. */
export interface ScreenFacts {
  /** Where HTTP is served, without a slash at its end. */
  url: string;
  version: string;
  role: 'all' | 'api' | 'worker';
  mongodbUri: string;
  redisUrl: string;
  /** Of the gateway; absent where a ledger in the database plays it. */
  paymentUrl?: string;
  /** Whether the database has the demo's catalogue: then a first order of it is shown. */
  demo: boolean;
  /** Those that were made at this start; undefined when there were users already. */
  credentials: Credentials[] | undefined;
}

/** The whole screen, with a newline at its end. */
export function renderScreen(facts: ScreenFacts): string {
  const { url, version, role, mongodbUri, redisUrl, paymentUrl, demo, credentials } = facts;
  const serves = role !== 'worker';
  const lines = [
    '',
    `Ordo ${version} is running${role === 'all' ? '' : ` as ${role}`}. Ctrl-C stops it.`,
    '',
    ...(serves
      ? [
          `  API          ${url}/api/v1`,
          `  Live feed    ${url}/socket.io`,
          `  Bull Board   ${url}/admin/queues  (operators and admins)`,
        ]
      : []),
    `  Health       ${url}/health/ready`,
    `  MONGODB_URI  ${hideCredentials(mongodbUri)}`,
    `  REDIS_URL    ${hideCredentials(redisUrl)}`,
    ...(paymentUrl === undefined ? [] : [`  Payments     ${hideCredentials(paymentUrl)}`]),
    '',
    ...(credentials ? passwordLines(credentials) : []),
    ...(serves && demo ? firstOrderLines(url, credentials) : []),
  ];
  return `${lines.join('\n')}\n`;
}

function passwordLines(credentials: Credentials[]): string[] {
  const widest = Math.max(...credentials.map(({ email }) => email.length));
  return [
    'Demo users (these passwords are shown this once, and stored only hashed):',
    '',
    ...credentials.map(({ email, password }) => `  ${email.padEnd(widest)}  ${password}`),
    '',
  ];
}

/** Two commands to paste: a token, and an order with it. */
function firstOrderLines(url: string, credentials: Credentials[] | undefined): string[] {
  const customer = credentials?.find(({ role }) => role === 'customer');
  const [route, body] = customer
    ? ['login', quote(JSON.stringify({ email: customer.email, password: customer.password }))]
    : [
        'register',
        `"{\\"email\\":\\"me-$$@ordo.example\\",\\"username\\":\\"me-$$\\",\\"password\\":\\"$SECRET\\"}"`,
      ];
  const order = {
    currency: FIRST_ORDER.currency,
    lines: [
      { sku: FIRST_ORDER.sku, quantity: FIRST_ORDER.quantity, unitPriceMinor: FIRST_ORDER.unitPriceMinor },
    ],
    shippingAddress: {
      name: 'Ada Lovelace',
      street: '12 St James Square',
      city: 'London',
      postalCode: 'SW1Y 4JH',
      country: 'GB',
    },
    payment: { token: 'tok_approve' },
  };
  return [
    `A first order${customer ? '' : ', by a new customer'}:`,
    '',
    ...(customer ? [] : ['  SECRET=$(head -c 12 /dev/urandom | base64)']),
    `  TOKEN=$(curl -s ${url}/api/v1/auth/${route} -H 'content-type: application/json' \\`,
    `    -d ${body} | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')`,
    `  curl -s ${url}/api/v1/orders -H "authorization: Bearer $TOKEN" \\`,
    `    -H 'idempotency-key: first-order' -H 'content-type: application/json' \\`,
    `    -d ${quote(JSON.stringify(order))}`,
    '',
  ];
}

/** As one word of a shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
