/** The stable codes of a field's fault, and their words in English and Vietnamese. */
import { type FieldError, TerminalError } from '../platform/errors.ts';
import type { Language } from './language.ts';

/** `{limit}`, `{expected}` and `{key}` are filled in. A schema names one of these codes as its message. */
const FAULTS = {
  required: { en: 'This is required.', vi: 'Trường này là bắt buộc.' },
  unknown_key: {
    en: 'There is no field "{key}" here; remove it.',
    vi: 'Không có trường "{key}" ở đây; hãy bỏ đi.',
  },
  wrong_type: { en: 'Expected {expected}.', vi: 'Cần {expected}.' },
  not_an_integer: { en: 'Expected a whole number.', vi: 'Cần một số nguyên.' },
  too_short: { en: 'Expected at least {limit} characters.', vi: 'Cần ít nhất {limit} ký tự.' },
  too_long: { en: 'Expected at most {limit} characters.', vi: 'Chỉ được tối đa {limit} ký tự.' },
  too_few: { en: 'Expected at least {limit} entries.', vi: 'Cần ít nhất {limit} mục.' },
  too_many: { en: 'Expected at most {limit} entries.', vi: 'Chỉ được tối đa {limit} mục.' },
  too_small: { en: 'Expected at least {limit}.', vi: 'Giá trị nhỏ nhất là {limit}.' },
  too_large: { en: 'Expected at most {limit}.', vi: 'Giá trị lớn nhất là {limit}.' },
  not_allowed: { en: 'Expected one of {expected}.', vi: 'Phải là một trong các giá trị {expected}.' },
  invalid: { en: 'This is not of the expected form.', vi: 'Giá trị không đúng định dạng.' },
  email_invalid: { en: 'Expected an email address.', vi: 'Cần một địa chỉ email hợp lệ.' },
  country_invalid: {
    en: 'Expected two capital letters of ISO 3166-1, such as VN.',
    vi: 'Cần mã quốc gia ISO 3166-1 gồm hai chữ in hoa, ví dụ VN.',
  },
  currency_invalid: {
    en: 'Expected three capital letters of ISO 4217, such as VND.',
    vi: 'Cần mã tiền tệ ISO 4217 gồm ba chữ in hoa, ví dụ VND.',
  },
  sku_invalid: {
    en: 'Expected letters, digits and inner spaces, dots, dashes or underscores, beginning with a letter or digit.',
    vi: 'Chỉ gồm chữ cái, chữ số, và ở giữa là dấu cách, chấm, gạch ngang hoặc gạch dưới; bắt đầu bằng chữ hoặc số.',
  },
  quantity_not_positive: { en: 'The quantity must be 1 or more.', vi: 'Số lượng phải từ 1 trở lên.' },
  price_not_positive: { en: 'The price must be above zero.', vi: 'Đơn giá phải lớn hơn 0.' },
  amount_too_large: {
    en: 'The amount of all lines together is too large; split the order.',
    vi: 'Tổng tiền của các dòng quá lớn; hãy tách thành nhiều đơn hàng.',
  },
  nothing_to_change: {
    en: 'Give at least one field to change.',
    vi: 'Hãy nêu ít nhất một trường cần thay đổi.',
  },
  phone_invalid: {
    en: 'Expected a phone number with its country code, such as +84912345678.',
    vi: 'Cần số điện thoại kèm mã quốc gia, ví dụ +84912345678.',
  },
  endpoint_refused: {
    en: 'Expected a public https URL, as the browser gives it.',
    vi: 'Cần một địa chỉ https công khai, đúng như trình duyệt cung cấp.',
  },
  push_key_invalid: {
    en: 'Expected a key of the push subscription, as the browser gives it.',
    vi: 'Cần khóa của đăng ký thông báo đẩy, đúng như trình duyệt cung cấp.',
  },
  tracking_number_with_shipped_alone: {
    en: 'Give a tracking number with the status SHIPPED, and with no other.',
    vi: 'Mã vận đơn phải đi kèm trạng thái SHIPPED, và chỉ với trạng thái đó.',
  },
  duplicate: { en: 'This stands here for the second time.', vi: 'Giá trị này bị lặp lại.' },
  wrong_password: { en: 'This is not your password.', vi: 'Mật khẩu hiện tại không đúng.' },
  unknown_product: {
    en: 'There is no product of this name or sku.',
    vi: 'Không có sản phẩm nào có tên hoặc mã sku này.',
  },
  ambiguous_product: {
    en: 'Several products have this name; give the sku instead.',
    vi: 'Có nhiều sản phẩm trùng tên này; hãy dùng mã sku.',
  },
  too_many_decimals: {
    en: "The product's currency has fewer decimals.",
    vi: 'Đơn vị tiền tệ của sản phẩm có ít chữ số thập phân hơn.',
  },
  address_unreadable: {
    en: 'Expected an object, or a text of the form "name, street, city, postal code, country", such as "Ada, 1 High St, London, SW1Y 4JH, GB".',
    vi: 'Cần một đối tượng, hoặc một dòng "tên, đường, thành phố, mã bưu chính, quốc gia", ví dụ "An, 1 Lê Lợi, Huế, 49000, VN".',
  },
  period_invalid: {
    en: 'Expected "from" before "to", at most {limit} days apart.',
    vi: '"from" phải trước "to", cách nhau tối đa {limit} ngày.',
  },
  unknown_customer: { en: 'There is no such customer.', vi: 'Không có khách hàng này.' },
} as const satisfies Record<string, Record<Language, string>>;

/** A stable code of a field's fault. */
export type FaultCode = keyof typeof FAULTS;

const TYPES: Record<string, Record<Language, string>> = {
  string: { en: 'a text', vi: 'một chuỗi văn bản' },
  number: { en: 'a number', vi: 'một số' },
  object: { en: 'an object', vi: 'một đối tượng' },
  array: { en: 'an array', vi: 'một mảng' },
};

/** One fault of a request, not yet in words. */
export interface Fault {
  /** RFC 6901, into the body; `/path`, `/query` or `/headers` go before the other parts. */
  pointer: string;
  code: FaultCode;
  limit?: number | bigint;
  /** A type by its name, or the values allowed. */
  expected?: string;
  key?: string;
}

/** A request that is not as the contract says; it is put into words when the language is known. */
export class InvalidRequest extends TerminalError {
  constructor(readonly faults: Fault[]) {
    super('invalid-request', '', { errors: faults.map((fault) => wordFault(fault, 'en')) });
    this.name = 'InvalidRequest';
  }
}

/** Whether a word is the code of a fault. */
export function isFaultCode(word: string): word is FaultCode {
  return Object.hasOwn(FAULTS, word);
}

/** The fault as that language tells it. */
export function wordFault(fault: Fault, language: Language): FieldError {
  const { pointer, code, limit = '', expected = '', key = '' } = fault;
  const detail = FAULTS[code][language]
    .replace('{limit}', String(limit))
    .replace('{expected}', () => TYPES[expected]?.[language] ?? expected)
    // What the client sent comes last, so that nothing in it is filled in.
    .replace('{key}', () => key);
  return { pointer, code, detail };
}
