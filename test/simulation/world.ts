/** What the world does by itself: banks decide, parcels travel, and the news of it comes late, twice or never. */
import type { OrderFact, ParcelStatus } from '../../src/machines/order-types.ts';
import type { OrderRecord } from '../../src/machines/order-view.ts';
import { RetryableError } from '../../src/platform/errors.ts';
import type { Outside, Provider } from './outside.ts';
import type { SimulatedProcess } from './process.ts';

const WAY: ParcelStatus[] = ['booked', 'pickedUp', 'inTransit', 'delivered'];
const NEWS_LOST = 0.1;

function tell(
  { scheduler, news, clock }: Outside,
  provider: Provider,
  orderId: string,
  fact: OrderFact,
): void {
  if (scheduler.faulty && scheduler.chance(NEWS_LOST)) scheduler.count('news lost');
  else {
    const eventId = `event-${scheduler.random()}`;
    news.push({ provider, orderId, fact, eventId, dueMs: clock.now().getTime() });
  }
}

/** A bank decides on a payment that is pending. */
export function bankDecides(outside: Outside): void {
  const { scheduler, charges } = outside;
  const pending = [...charges].filter(([, { charge }]) => charge.status === 'pending');
  const [chargeKey, known] = scheduler.pick(pending) ?? [];
  if (chargeKey === undefined || known === undefined) return;
  const { orderId, amountMinor } = known;
  const paymentId = `pay-${chargeKey}`;
  if (scheduler.chance(0.7)) {
    known.charge = { status: 'captured', paymentId, amountMinor, refunds: [] };
    tell(outside, 'gateway', orderId, { type: 'payment.settled', chargeKey, paymentId, amountMinor });
  } else {
    const reason = { code: 'lost_card', detail: 'Lost.' };
    known.charge = { status: 'declined', reason };
    tell(outside, 'gateway', orderId, { type: 'payment.failed', chargeKey, reason });
  }
}

/** A parcel gets on, or lost. */
export function parcelMoves(outside: Outside): void {
  const { scheduler, parcels, store } = outside;
  const moving = [...parcels.values()].filter(
    ({ state, at }) => state === 'booked' && at !== 'delivered' && at !== 'lost',
  );
  const parcel = scheduler.pick(moving);
  if (parcel && scheduler.chance(0.7)) {
    parcel.at = scheduler.chance(0.12) ? 'lost' : (WAY[WAY.indexOf(parcel.at) + 1] ?? 'delivered');
    if (parcel.at !== 'booked')
      tell(outside, 'carrier', parcel.orderId, {
        type: 'shipment.tracked',
        trackingNumber: parcel.trackingNumber,
        status: parcel.at,
      });
    return;
  }
  // What was sent by hand is tracked too, in whatever order its carrier tells.
  const records = [...store.records.values()] as OrderRecord[];
  const byHand = records
    .filter(({ input }) => input.fulfilment === 'manual')
    .flatMap(({ _id, snapshot }) =>
      (snapshot.context.shipments ?? []).map((shipment) => ({ _id, shipment })),
    );
  const sent = scheduler.pick(byHand);
  const status = scheduler.pick(['inTransit', 'delivered', 'delivered', 'lost'] as const);
  if (sent && status) {
    const { trackingNumber } = sent.shipment;
    tell(outside, 'carrier', sent._id, { type: 'shipment.tracked', trackingNumber, status });
  }
}

/** How long a provider waits before it tells again what was not taken. */
const AGAIN_MS = 2_000;

/** Some news reaches a process, which may have heard it before; false when there is none. */
export function hearNews(outside: Outside, processes: SimulatedProcess[]): boolean {
  const { scheduler, news, oldNews, ignored, clock } = outside;
  const isOld = scheduler.faulty && scheduler.chance(0.3);
  const item = scheduler.pick(isOld ? oldNews : news.filter(({ dueMs }) => dueMs <= clock.now().getTime()));
  const process = scheduler.pick(processes.filter(({ alive }) => alive));
  if (item === undefined || process === undefined) return false;
  if (isOld) scheduler.count('news heard twice');
  else {
    news.splice(news.indexOf(item), 1);
    oldNews.push(item);
  }
  const { orderId, fact, provider } = item;
  // A provider that had no answer tells it again; some give it another id then.
  const eventId = isOld && scheduler.chance(0.5) ? `event-${scheduler.random()}` : item.eventId;
  process.orders.report(orderId, fact, { provider, eventId }).then(
    (became) => {
      if (became === 'ignored') ignored.push(item);
    },
    (error) => {
      if (error instanceof RetryableError) scheduler.count(`${fact.type} told again`);
      if (process.alive) news.push({ ...item, dueMs: clock.now().getTime() + AGAIN_MS });
    },
  );
  return true;
}

/** A provider is away for so long that attempts are used up. */
export function goAway({ scheduler, awayUntilMs, clock }: Outside): void {
  const provider = scheduler.pick<Provider>(['gateway', 'carrier', 'notifier']);
  const forMs = 5_000 + Math.floor(scheduler.random() * 60_000);
  if (provider) awayUntilMs.set(provider, clock.now().getTime() + forMs);
}
