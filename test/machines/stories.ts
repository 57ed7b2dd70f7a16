/** Declares one test a story: an order's life, step by step, and how it must have gone. */
import test from 'ava';
import type { OrderChanges } from '../support/orders.ts';
import { live, type Step } from './life.ts';

export interface Story {
  name: string;
  changes?: OrderChanges;
  steps: Step[];
  path: string;
  /** Captured and given back, in minor units. */
  money?: [number, number];
  reason?: string;
  more?: object;
}

/** Declares the tests. */
export function declareStories(stories: Story[]): void {
  for (const { name, changes = {}, steps: taken, path, reason, money, more } of stories) {
    test(`an order's life: ${name}`, (t) => {
      const { path: gone, end } = live(taken, { changes });
      const { context } = end.snapshot;
      t.is(gone, path);
      t.is(end.status, 'done');
      t.is(context.reason?.code, reason);
      const { capturedMinor, refundedMinor } = context.payment ?? { capturedMinor: 0, refundedMinor: 0 };
      t.deepEqual([capturedMinor, refundedMinor], money ?? [0, 0]);
      t.deepEqual([end.invocations, end.timers], [[], []]);
      if (more) t.like(context, more);
      t.deepEqual(
        end.history.map(({ seq }) => seq),
        end.history.map((_, index) => index + 1),
      );
    });
  }
}
