/** Sets a report as a table of text. */
import { CURRENCY } from './products.ts';
import type { Report } from './report.ts';

type Row = [name: string, value: string, remark?: string];

const SHOWN_FAULTS = 20;

/** The report as people read it, some 45 lines without a line break at the end. */
export function writeTable(report: Report): string {
  const sections = [
    runRows(report),
    orderRows(report),
    returnRows(report),
    speedRows(report),
    bookRows(report),
  ];
  const rows = sections.flat();
  const names = widest(rows.map(([name]) => name));
  const values = widest(rows.map(([, value]) => value));
  const setRow = ([name, value, remark = '']: Row) =>
    `  ${name.padEnd(names)}  ${value.padStart(values)}  ${remark}`.trimEnd();
  const faults = [...report.feed.faults, ...(report.conservation?.faults ?? [])];
  return [
    ...sections.map((section) => section.map(setRow).join('\n')),
    ...(faults.length > 0 ? [writeFaults(faults)] : []),
  ].join('\n\n');
}

function runRows({ run, invoices, products }: Report): Row[] {
  return [
    ['Run', run.id, run.interrupted ? 'interrupted' : ''],
    ['Ordinary invoices', count(invoices.ordinary), `${count(invoices.chosen)} chosen`],
    ['Credit invoices (C)', count(invoices.credits), `${count(invoices.chosenCredits)} chosen`],
    [
      'Products',
      count(products.named),
      products.refused > 0 ? `${count(products.refused)} refused by the engine` : '',
    ],
    ['Customers', count(invoices.customers)],
  ];
}

function orderRows({ run, placed, completed, refused, stuck, unanswered, leftOut }: Report): Row[] {
  const total = refused.reduce((sum, { orders }) => sum + orders, 0);
  return [
    ['Placed (201)', count(placed)],
    ['Completed', count(completed)],
    ['Refused', count(total)],
    ...refused.map(
      ({ where, code, orders }): Row => [
        `  ${where === 'door' ? 'at the door' : where}`,
        count(orders),
        code,
      ],
    ),
    [run.interrupted ? 'Without an end' : 'Stuck', count(stuck.reduce((sum, { orders }) => sum + orders, 0))],
    ...stuck.map(({ state, orders }): Row => ['  last seen', count(orders), state]),
    ...(unanswered > 0 ? [['Unanswered', count(unanswered)] satisfies Row] : []),
    ...(leftOut > 0 ? [['Left out', count(leftOut)] satisfies Row] : []),
  ];
}

function returnRows({ returns }: Report): Row[] {
  const { credits, lines, wholeLines, unmatched, taken, orders, keptNothing, units, amountMinor } = returns;
  return [
    ['Credits returned in whole', count(credits.whole)],
    ['  in part', count(credits.part)],
    ['  not at all', count(credits.none)],
    ...(credits.leftOut > 0 ? [['  left out', count(credits.leftOut)] satisfies Row] : []),
    [
      'Returns taken',
      count(taken),
      `from ${count(orders)} orders, ${count(keptNothing)} of which kept nothing`,
    ],
    ['Returned in this run', count(units), `units, ${money(amountMinor)}`],
    ['Lines returned in whole', count(wholeLines), `of ${count(lines)}`],
    ['  not matched', count(lines - wholeLines)],
    ...unmatched.map(
      ({ reason, lines: missing, units: left }): Row => [
        '    of these',
        count(missing),
        `${reason}, ${count(left)} units`,
      ],
    ),
  ];
}

function speedRows({ latencyMs, seconds, ordersPerSecond, feed, requestsRepeated }: Report): Row[] {
  const latencies = Object.entries(latencyMs ?? {}).map(
    ([name, ms]): Row => [`Placing to completed, ${name}`, `${count(Math.round(ms))} ms`],
  );
  return [
    ...latencies,
    [
      'Orders per second',
      ordersPerSecond.toFixed(1),
      `${seconds.toFixed(1)} s from first placing to last end`,
    ],
    [
      'Feed',
      count(feed.transitions),
      `transitions, ${count(feed.reconnects)} reconnects, ${verdict(feed.faults)}`,
    ],
    ['Requests repeated', count(requestsRepeated)],
  ];
}

function bookRows({ conservation }: Report): Row[] {
  if (!conservation) return [['Conservation', 'not read', 'the run was interrupted']];
  const { units, soldUnits, orderedUnits, returnedUnits, faults } = conservation;
  const { capturedMinor, refundedMinor, keptMinor } = conservation;
  return [
    ['Units received', count(units.received)],
    ['  available', count(units.available)],
    ['  held', count(units.held)],
    ['  sold', count(units.sold)],
    [
      'Sold in this run',
      count(soldUnits),
      `units; completed orders have ${count(orderedUnits)} less ${count(returnedUnits)} returned`,
    ],
    ['Money captured', money(capturedMinor)],
    ['  refunded', money(refundedMinor)],
    ['  kept', money(capturedMinor - refundedMinor), `goods sold and kept: ${money(keptMinor)}`],
    ['Conservation', verdict(faults)],
  ];
}

function writeFaults(faults: string[]): string {
  const more = faults.length - SHOWN_FAULTS;
  const lines = faults.slice(0, SHOWN_FAULTS).map((fault) => `  ! ${fault}`);
  return [...lines, ...(more > 0 ? [`  ! ... and ${count(more)} more`] : [])].join('\n');
}

const verdict = (faults: string[]) => (faults.length === 0 ? 'exact' : `${count(faults.length)} faults`);
const count = (value: number) => value.toLocaleString('en');
const money = (minor: number) =>
  `${CURRENCY} ${(minor / 100).toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
const widest = (texts: string[]) => Math.max(...texts.map(({ length }) => length));
