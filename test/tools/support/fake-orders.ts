/** A small engine's memory: a catalogue and orders that move by themselves, with faults to order. */
import { randomUUID } from 'node:crypto';
import type { LineQuantity, OrderLine, Payment, Reason } from '../../../src/machines/order-types.ts';
import type { OrderView, TransitionView } from '../../../src/machines/order-view.ts';
import type { Stock } from '../../../tools/replay/books.ts';
import type { NewProduct } from '../../../tools/replay/products.ts';

/** A product of the fake catalogue. */
export interface FakeProduct extends Omit<NewProduct, 'stock'> {
  stock: Stock;
}

/** An order and all that happened to it. */
export interface FakeOrder {
  view: OrderView;
  history: TransitionView[];
}

/** The body of a placing that passed the door. */
export interface Placed {
  customerId: string;
  reference: string;
  currency: string;
  lines: OrderLine[];
  shippingAddress: OrderView['shippingAddress'];
}

const FINAL = ['completed', 'returned', 'rejected', 'declined'];
const HAPPY_WAY = ['validating', 'charging', 'shipping', 'confirming', 'completed'];

/** Faults that the tool must notice. */
export interface OrderFaults {
  /** References of orders that rest in `charging` for ever. */
  resting?: string[];
  /** References of orders that the bank declines. */
  declined?: string[];
  /** Sells one unit less than the first completed order has. */
  losesUnit?: boolean;
  /** References of orders whose returns are refused. */
  refusesReturns?: string[];
  /** References of orders that come to no rest after a return. */
  restlessReturns?: string[];
  /** Refunds one unit less than the first return asks for. */
  losesRefund?: boolean;
  /** Tells of a parcel just before a return is taken: one more end of an order that had ended. */
  tracksParcels?: boolean;
}

/** The orders, kept when the fake engine's server is restarted. */
export class FakeOrders {
  readonly products = new Map<string, FakeProduct>();
  /** Newest last. */
  readonly orders = new Map<string, FakeOrder>();
  readonly byKey = new Map<string, FakeOrder>();
  /** Whom the feed tells. */
  onTransition: (transition: TransitionView) => void = () => undefined;
  readonly #faults: OrderFaults;
  readonly #returnKeys = new Set<string>();
  #unitToLose: boolean;
  #refundToLose: boolean;

  constructor(faults: OrderFaults = {}) {
    this.#faults = faults;
    this.#unitToLose = faults.losesUnit ?? false;
    this.#refundToLose = faults.losesRefund ?? false;
  }

  /** Places an order once per key, and starts it on its way. */
  place(key: string, { customerId, reference, currency, lines, shippingAddress }: Placed): FakeOrder {
    const known = this.byKey.get(key);
    if (known) return known;
    const now = new Date().toISOString();
    const amountMinor = lines.reduce((sum, line) => sum + line.quantity * line.unitPriceMinor, 0);
    const view: OrderView = {
      ...{ id: randomUUID(), state: 'placed', final: false, seq: 0, customerId, reference, currency },
      ...{ shippingAddress, fulfilment: 'automatic', shipments: [], allowedEvents: [] },
      ...{ placedAt: now, updatedAt: now },
      lines: lines.map((line, index) => ({ line: index + 1, ...line })),
      ...{ amountMinor, dueMinor: amountMinor, refundableMinor: 0 },
    };
    const order: FakeOrder = { view, history: [] };
    this.orders.set(view.id, order);
    this.byKey.set(key, order);
    this.#move(order, 'placed');
    setImmediate(() => this.#advance(order));
    return order;
  }

  /** Begins a return once per key; false when the order does not take it. */
  takeBack(key: string, order: FakeOrder, asked: LineQuantity[]): boolean {
    const { state, reference = '', lines } = order.view;
    if (this.#returnKeys.has(key)) return true;
    const refused = this.#faults.refusesReturns?.includes(reference) === true;
    const isLeft = ({ line, quantity }: LineQuantity) => {
      const { quantity: bought = 0, returned = 0 } = lines[line - 1] ?? {};
      return quantity <= bought - returned;
    };
    if (refused || state !== 'completed' || !asked.every(isLeft)) return false;
    this.#returnKeys.add(key);
    if (this.#faults.tracksParcels) this.#move(order, 'completed');
    this.#move(order, 'returning');
    if (!this.#faults.restlessReturns?.includes(reference)) setImmediate(() => this.#settle(order, asked));
    return true;
  }

  #settle(order: FakeOrder, asked: LineQuantity[]): void {
    const { lines, payment } = order.view;
    for (const { line, quantity } of asked) {
      const of = lines[line - 1];
      if (!of || !payment) continue;
      of.returned = (of.returned ?? 0) + quantity;
      payment.refundedMinor += (quantity - (this.#refundToLose ? 1 : 0)) * of.unitPriceMinor;
      this.#refundToLose = false;
      this.#shift([{ ...of, quantity }], 'sold', 'available');
    }
    this.#move(
      order,
      lines.every(({ quantity, returned }) => quantity === returned) ? 'returned' : 'completed',
    );
  }

  #advance(order: FakeOrder): void {
    const { state, reference = '', lines } = order.view;
    if (state === 'charging' && this.#faults.resting?.includes(reference)) return;
    const next = HAPPY_WAY[HAPPY_WAY.indexOf(state) + 1] ?? 'completed';
    const refusal = state === 'validating' ? this.#hold(lines) : undefined;
    const declined = state === 'charging' && this.#faults.declined?.includes(reference);
    if (refusal) this.#move(order, 'rejected', refusal);
    else if (declined) {
      this.#shift(lines, 'held', 'available');
      this.#move(order, 'declined', { code: 'card_declined', detail: 'The card was declined.' });
    } else {
      if (next === 'shipping') order.view.payment = capture(order.view);
      if (next === 'completed') this.#sell(lines);
      this.#move(order, next);
    }
    if (!order.view.final) setImmediate(() => this.#advance(order));
  }

  #hold(lines: OrderLine[]): Reason | undefined {
    for (const { sku } of lines) {
      const product = this.products.get(sku);
      const units = lines.reduce((sum, line) => sum + (line.sku === sku ? line.quantity : 0), 0);
      if (product?.kind !== 'goods') return { code: 'not_goods', detail: `${sku} is a charge.` };
      if (product.stock.available < units) return { code: 'out_of_stock', detail: `${sku} is short.` };
    }
    this.#shift(lines, 'available', 'held');
    return undefined;
  }

  #sell(lines: OrderLine[]): void {
    this.#shift(lines, 'held', 'sold');
    const stock = this.products.get(lines[0]?.sku ?? '')?.stock;
    if (!this.#unitToLose || !stock) return;
    this.#unitToLose = false;
    stock.sold -= 1;
  }

  #shift(lines: OrderLine[], from: 'available' | 'held' | 'sold', to: 'available' | 'held' | 'sold'): void {
    for (const { sku, quantity } of lines) {
      const product = this.products.get(sku);
      if (!product) continue;
      product.stock[from] -= quantity;
      product.stock[to] += quantity;
    }
  }

  #move({ view, history }: FakeOrder, to: string, reason?: Reason): void {
    const final = FINAL.includes(to);
    const from = view.state;
    const seq = view.seq + 1;
    const at = new Date().toISOString();
    Object.assign(view, { state: to, final, seq, updatedAt: at, ...(reason && { reason }) });
    const told = { orderId: view.id, seq, at, type: `order.${to}`, from, to, final, by: 'system' };
    const transition: TransitionView = { ...told, ...(reason && { reason }) };
    history.push(transition);
    this.onTransition(transition);
  }
}

const capture = ({ id, amountMinor }: OrderView): Payment => ({
  ...{ paymentId: id, status: 'captured', capturedMinor: amountMinor, refundedMinor: 0 },
});
