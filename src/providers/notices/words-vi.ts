/** The letters in Vietnamese. */
import type { Words } from './words.ts';

/** Reasons come with a sentence in English; those that customers meet are told in their own language. */
const REASONS: Readonly<Record<string, string>> = {
  out_of_stock: 'Sản phẩm không còn đủ hàng.',
  unknown_product: 'Sản phẩm không còn được bán.',
  not_goods: 'Mặt hàng này không thể đặt mua.',
  price_changed: 'Giá sản phẩm đã thay đổi.',
  currency_changed: 'Đơn vị tiền tệ của sản phẩm đã thay đổi.',
  bad_address: 'Địa chỉ giao hàng chưa đúng.',
  undeliverable_address: 'Đơn vị vận chuyển không tìm thấy địa chỉ này.',
  embargoed_country: 'Đơn vị vận chuyển không giao đến quốc gia này.',
  insufficient_funds: 'Tài khoản không đủ số dư.',
  card_declined: 'Ngân hàng từ chối thẻ.',
  expired_card: 'Thẻ đã hết hạn.',
  payment_overdue: 'Thanh toán không hoàn tất đúng hạn.',
  payment_voided: 'Thanh toán đã bị hủy trước khi được thực hiện.',
  shipping_overdue: 'Đơn vị vận chuyển không phản hồi đúng hạn.',
  shipment_recalled: 'Kiện hàng đã được thu hồi trước khi gửi đi.',
  cancelled_by_request: 'Hủy theo yêu cầu.',
};

const sent = ({ parcels }: { parcels: unknown[] }) =>
  parcels.length > 0 ? 'đang được giao' : 'đã được xác nhận';

export const vietnamese: Words = {
  subjects: {
    confirmation: (facts) => `Đơn hàng ${facts.amount} của bạn ${sent(facts)}`,
    rejected: ({ amount }) => `Chúng tôi không thể nhận đơn hàng ${amount} của bạn`,
    declined: ({ amount }) => `Thanh toán ${amount} bị từ chối`,
    cancelled: ({ amount }) => `Đơn hàng ${amount} của bạn đã được hủy`,
    expired: ({ amount }) => `Đơn hàng ${amount} của bạn đã hết hạn`,
    refunded: ({ refunded, amount }) => `Hoàn tiền cho đơn hàng của bạn: ${refunded ?? amount}`,
  },
  openings: {
    confirmation: (facts) => `Đơn hàng ${facts.orderId} trị giá ${facts.amount} của bạn ${sent(facts)}.`,
    rejected: ({ orderId, amount }) =>
      `Rất tiếc, chúng tôi không thể nhận đơn hàng ${orderId} trị giá ${amount} của bạn.`,
    declined: ({ orderId, amount, canPay }) =>
      `Thanh toán ${amount} cho đơn hàng ${orderId} của bạn bị từ chối. ${
        canPay ? 'Bạn vẫn có thể thanh toán bằng cách khác.' : 'Đơn hàng đã được đóng.'
      }`,
    cancelled: ({ orderId, amount }) => `Đơn hàng ${orderId} trị giá ${amount} của bạn đã được hủy.`,
    expired: ({ orderId, amount }) =>
      `Đơn hàng ${orderId} trị giá ${amount} của bạn chưa được thanh toán đúng hạn nên đã được đóng. Mời bạn đặt lại.`,
    refunded: ({ orderId }) => `Chúng tôi đã hoàn tiền cho đơn hàng ${orderId} của bạn.`,
  },
  greeting: (name) => `Xin chào ${name},`,
  reason: ({ code, detail }) => `Lý do: ${REASONS[code] ?? detail}`,
  refunded: (refunded, captured) => `Đã hoàn đến nay: ${refunded} trên ${captured} bạn đã thanh toán.`,
  uncharged: 'Bạn chưa bị trừ tiền.',
  parcel: ({ carrier, trackingNumber }) => `Vận chuyển bởi ${carrier}, mã vận đơn ${trackingNumber}.`,
  line({ sku, quantity, unitPrice, cancelled, returned }) {
    const less = [
      ...(cancelled > 0 ? [`đã hủy ${cancelled}`] : []),
      ...(returned > 0 ? [`đã trả ${returned}`] : []),
    ];
    return `${quantity} × ${sku}, đơn giá ${unitPrice}${less.length > 0 ? ` (${less.join(', ')})` : ''}`;
  },
  linesLeftOut: (count) => `và ${count} dòng khác`,
  reference: (orderId, reference) =>
    `Đơn hàng ${orderId}${reference === undefined ? '' : `, mã tham chiếu của bạn ${reference}`}`,
};
