/** Every code that can reach a user: its status and its words, in English and Vietnamese. */
import { type ErrorCode, type ErrorFields, RetryableError, TerminalError } from '../platform/errors.ts';
import { InvalidRequest, wordFault } from './faults.ts';
import type { Language } from './language.ts';

interface Words {
  title: string;
  detail: string;
}

/**
 * The table. An English detail is used where the error brings no sentence of its own; `{state}` and
 * `{allowedEvents}` are filled in from the error.
 */
export const PROBLEMS: Readonly<Record<ErrorCode, { status: number } & Record<Language, Words>>> = {
  'invalid-request': {
    status: 400,
    en: { title: 'Invalid request', detail: 'Some fields are not as expected; see `errors`.' },
    vi: { title: 'Yêu cầu không hợp lệ', detail: 'Một số trường chưa đúng; xem từng lỗi trong `errors`.' },
  },
  'malformed-body': {
    status: 400,
    en: { title: 'Malformed body', detail: 'Expected a JSON object sent as application/json.' },
    vi: {
      title: 'Nội dung yêu cầu sai định dạng',
      detail: 'Nội dung phải là một đối tượng JSON, gửi với kiểu application/json.',
    },
  },
  'body-too-large': {
    status: 413,
    en: { title: 'Body too large', detail: 'The body is larger than this route takes; send a smaller one.' },
    vi: {
      title: 'Nội dung yêu cầu quá lớn',
      detail: 'Nội dung vượt quá giới hạn ở đây; hãy gửi nội dung nhỏ hơn.',
    },
  },
  unauthenticated: {
    status: 401,
    en: {
      title: 'Not signed in',
      detail:
        'Expected a valid, unexpired token in the header `Authorization: Bearer <token>`; log in for one.',
    },
    vi: {
      title: 'Chưa đăng nhập',
      detail:
        'Cần một token hợp lệ và còn hạn trong header `Authorization: Bearer <token>`; hãy đăng nhập để nhận.',
    },
  },
  'bad-credentials': {
    status: 401,
    en: { title: 'Wrong email or password', detail: 'The email or the password is wrong.' },
    vi: { title: 'Sai email hoặc mật khẩu', detail: 'Email hoặc mật khẩu không đúng.' },
  },
  forbidden: {
    status: 403,
    en: { title: 'Not allowed', detail: 'Your role does not allow this.' },
    vi: { title: 'Không được phép', detail: 'Vai trò của bạn không được phép thực hiện thao tác này.' },
  },
  'not-found': {
    status: 404,
    en: { title: 'Not found', detail: 'There is no such thing, or it is not yours to see.' },
    vi: { title: 'Không tìm thấy', detail: 'Không có mục này, hoặc bạn không có quyền xem.' },
  },
  'route-not-found': {
    status: 404,
    en: {
      title: 'No such address',
      detail: 'Nothing answers at this path; check it against the documentation.',
    },
    vi: {
      title: 'Địa chỉ không tồn tại',
      detail: 'Không có gì ở đường dẫn này; hãy đối chiếu với tài liệu.',
    },
  },
  'method-not-allowed': {
    status: 405,
    en: {
      title: 'Method not allowed',
      detail: 'This path does not take that method; see the header `Allow`.',
    },
    vi: {
      title: 'Phương thức không được hỗ trợ',
      detail: 'Đường dẫn này không nhận phương thức đó; xem header `Allow`.',
    },
  },
  conflict: {
    status: 409,
    en: { title: 'Conflict', detail: 'The request contradicts what is stored.' },
    vi: {
      title: 'Xung đột dữ liệu',
      detail:
        'Yêu cầu mâu thuẫn với dữ liệu hiện có: giá trị đã tồn tại, đang được sử dụng hoặc không đủ số lượng.',
    },
  },
  'event-refused': {
    status: 409,
    en: {
      title: 'Refused in this state',
      detail: 'The order is in the state {state}; allowed now: {allowedEvents}.',
    },
    vi: {
      title: 'Trạng thái hiện tại không cho phép',
      detail: 'Đơn hàng đang ở trạng thái {state}; lệnh được phép lúc này: {allowedEvents}.',
    },
  },
  'precondition-failed': {
    status: 412,
    en: {
      title: 'The order has moved on',
      detail: '`If-Match` does not name the current version; read the order again, then decide.',
    },
    vi: {
      title: 'Đơn hàng đã thay đổi',
      detail: '`If-Match` không khớp với phiên bản hiện tại; hãy đọc lại đơn hàng rồi quyết định.',
    },
  },
  'idempotency-key-missing': {
    status: 400,
    en: {
      title: 'Idempotency key missing',
      detail:
        'Send the header `Idempotency-Key`: one new value for each order you mean, the same for each repetition.',
    },
    vi: {
      title: 'Thiếu khóa chống trùng lặp',
      detail:
        'Hãy gửi header `Idempotency-Key`: mỗi đơn hàng một giá trị mới, khi gửi lại thì giữ nguyên giá trị đó.',
    },
  },
  'idempotency-key-reused': {
    status: 422,
    en: {
      title: 'Idempotency key reused',
      detail: 'This `Idempotency-Key` came before with another body; use a new key for a new order.',
    },
    vi: {
      title: 'Khóa chống trùng lặp đã được dùng',
      detail: '`Idempotency-Key` này đã đi kèm một nội dung khác; hãy dùng khóa mới cho đơn hàng mới.',
    },
  },
  'request-in-progress': {
    status: 409,
    en: {
      title: 'Still in progress',
      detail: 'The first request with this key is still running; ask again soon.',
    },
    vi: {
      title: 'Đang xử lý',
      detail: 'Yêu cầu đầu tiên với khóa này vẫn đang được xử lý; hãy thử lại sau giây lát.',
    },
  },
  'too-many-requests': {
    status: 429,
    en: { title: 'Too many requests', detail: 'Wait as long as `Retry-After` says, then try again.' },
    vi: { title: 'Quá nhiều yêu cầu', detail: 'Hãy đợi theo thời gian trong `Retry-After` rồi thử lại.' },
  },
  internal: {
    status: 500,
    en: {
      title: 'Internal error',
      detail: 'Something failed on our side; it has been logged. Quote `instance` when you report it.',
    },
    vi: {
      title: 'Lỗi hệ thống',
      detail: 'Hệ thống gặp sự cố và đã ghi nhận lại. Khi báo lỗi, hãy gửi kèm giá trị `instance`.',
    },
  },
  unavailable: {
    status: 503,
    en: { title: 'Unavailable for now', detail: 'Try again after the time that `Retry-After` gives.' },
    vi: {
      title: 'Tạm thời không phục vụ được',
      detail: 'Hãy thử lại sau thời gian ghi trong `Retry-After`.',
    },
  },
};

/** A refusal as RFC 9457 has it. */
export interface Problem extends Pick<ErrorFields, 'errors' | 'state' | 'allowedEvents'> {
  type: `urn:ordo:problem:${ErrorCode}`;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  /** Names the request in the log; given where we are at fault. */
  instance?: string;
}

/**
 * Puts anything thrown into the words of that language. What is neither terminal nor retryable is
 * `internal`, and shows nothing of itself.
 */
export function problemOf(error: unknown, language: Language, requestId: string): Problem {
  const code = codeOf(error);
  const { status, [language]: words } = PROBLEMS[code];
  const fields = error instanceof TerminalError ? error.fields : {};
  const errors =
    error instanceof InvalidRequest ? error.faults.map((fault) => wordFault(fault, language)) : fields.errors;
  // A repository's sentence is in English; in Vietnamese the table speaks for it.
  const own = language === 'en' && error instanceof TerminalError && code !== 'internal' ? error.message : '';
  return {
    type: `urn:ordo:problem:${code}`,
    title: words.title,
    status,
    detail: own || fill(words.detail, fields),
    code,
    ...(status >= 500 && { instance: `urn:ordo:request:${requestId}` }),
    ...(errors && { errors }),
    ...(fields.state !== undefined && { state: fields.state }),
    ...(fields.allowedEvents && { allowedEvents: fields.allowedEvents }),
  };
}

function codeOf(error: unknown): ErrorCode {
  return error instanceof TerminalError || error instanceof RetryableError ? error.code : 'internal';
}

function fill(detail: string, { state, allowedEvents }: ErrorFields): string {
  return detail
    .replace('{state}', state ?? '–')
    .replace('{allowedEvents}', allowedEvents?.length ? allowedEvents.join(', ') : '–');
}
