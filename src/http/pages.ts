/** Our own pages: plain HTML without any script, in one style. */
import { createHash } from 'node:crypto';
import type { Language } from './language.ts';

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5d6b7e; --ground: #f3f5f8; --card: #fff; --line: #d9dfe7;
  --accent: #0f766e; --on-accent: #fff; --bad: #b42318; --bad-ground: #fef3f2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf2; --soft: #93a1b5; --ground: #0f141b; --card: #171e28;
  --line: #2a3442; --accent: #2dd4bf; --on-accent: #06201d; --bad: #fda29b; --bad-ground: #2b1513; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }
main { width: 100%; max-width: 24rem; padding: 2rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .75rem; box-shadow: 0 1px 2px #0000000d, 0 12px 32px #0000000f; }
.brand { display: flex; align-items: center; gap: .6rem; margin: 0 0 1.5rem; font-weight: 650; letter-spacing: .01em; }
.brand i { width: .75rem; height: .75rem; border-radius: 50%; background: var(--accent);
  box-shadow: 1rem 0 0 -.12rem var(--line), 2rem 0 0 -.12rem var(--line); margin-right: 2rem; }
h1 { margin: 0 0 .25rem; font-size: 1.35rem; line-height: 1.25; }
p { margin: 0 0 1.25rem; color: var(--soft); }
label { display: block; margin: 0 0 1rem; font-size: .875rem; font-weight: 600; }
input { display: block; width: 100%; margin-top: .35rem; padding: .6rem .75rem; font: inherit; font-weight: 400;
  color: inherit; background: var(--ground); border: 1px solid var(--line); border-radius: .5rem; }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
button, .button { display: block; width: 100%; margin-top: .75rem; padding: .65rem 1rem; font: inherit; font-weight: 600;
  text-align: center; text-decoration: none; cursor: pointer; color: var(--on-accent); background: var(--accent);
  border: 1px solid var(--accent); border-radius: .5rem; }
.quiet { color: var(--ink); background: none; border-color: var(--line); }
.alert { padding: .6rem .75rem; color: var(--bad); background: var(--bad-ground); border-radius: .5rem; font-size: .9rem; }
h1 + .alert { margin-top: .75rem; }
small { display: block; margin-top: 1.5rem; color: var(--soft); }
`;

/** What a Content-Security-Policy must name to let our pages have their style. */
export const STYLE_SOURCE = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

const WORDS = {
  en: {
    what: 'A realtime order engine',
    about: 'Every order is a durable state machine that its owner can watch move.',
    health: 'Health',
    docs: 'API documentation',
    queues: 'Open the queues',
    signIn: 'Sign in',
    forOperators: 'The queues are for operators and administrators.',
    email: 'Email',
    password: 'Password',
    signedIn: 'Signed in',
    signOut: 'Sign out',
    wrong: 'The email or the password is wrong.',
    refused: 'This account may not see the queues: it takes an operator or an administrator.',
    busy: 'Too many people are signing in at this moment. Please try again.',
  },
  vi: {
    what: 'Hệ thống xử lý đơn hàng thời gian thực',
    about: 'Mỗi đơn hàng là một máy trạng thái bền vững mà chủ đơn theo dõi được từng bước.',
    health: 'Tình trạng hệ thống',
    docs: 'Tài liệu API',
    queues: 'Mở hàng đợi',
    signIn: 'Đăng nhập',
    forOperators: 'Khu vực hàng đợi dành cho nhân viên vận hành và quản trị viên.',
    email: 'Email',
    password: 'Mật khẩu',
    signedIn: 'Đã đăng nhập',
    signOut: 'Đăng xuất',
    wrong: 'Email hoặc mật khẩu không đúng.',
    refused: 'Tài khoản này không được xem hàng đợi: cần tài khoản vận hành hoặc quản trị.',
    busy: 'Đang có quá nhiều người đăng nhập cùng lúc. Vui lòng thử lại.',
  },
} as const satisfies Record<Language, Record<string, string>>;

/** Why a login did not lead anywhere. */
export type LoginFault = 'wrong' | 'refused' | 'busy';

/** The page at `/`: what this is, and where to go. */
export function homePage(language: Language, version: string): string {
  const words = WORDS[language];
  return page(
    language,
    'Ordo',
    `<h1>${words.what}</h1><p>${words.about}</p>
<a class="button" href="/admin/queues">${words.queues}</a>
<a class="button quiet" href="/docs">${words.docs}</a>
<a class="button quiet" href="/health">${words.health}</a>
<small>${escapeHtml(version)}</small>`,
  );
}

/** The login form; after a fault, with what it was and the email as typed. */
export function loginPage(language: Language, fault?: LoginFault, email = ''): string {
  const words = WORDS[language];
  const alert = fault ? `<p class="alert" role="alert">${words[fault]}</p>` : `<p>${words.forOperators}</p>`;
  return page(
    language,
    words.signIn,
    `<h1>${words.signIn}</h1>${alert}
<form method="post" action="/admin/login">
<label>${words.email}<input name="email" type="email" autocomplete="username" required maxlength="254"
 value="${escapeHtml(email)}"></label>
<label>${words.password}<input name="password" type="password" autocomplete="current-password" required
 maxlength="200"></label>
<button>${words.signIn}</button>
</form>`,
  );
}

/** What the login page says to somebody who is signed in: the way on, and the way out. */
export function signedInPage(language: Language, username: string): string {
  const words = WORDS[language];
  return page(
    language,
    words.signedIn,
    `<h1>${words.signedIn}</h1><p>${escapeHtml(username)}</p>
<a class="button" href="/admin/queues">${words.queues}</a>
<form method="post" action="/admin/logout"><button class="quiet">${words.signOut}</button></form>`,
  );
}

function page(language: Language, title: string, content: string): string {
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title === 'Ordo' ? title : `${title} · Ordo`}</title>
<style>${STYLE}</style>
</head>
<body><main><div class="brand"><i></i>Ordo</div>${content}</main></body>
</html>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
