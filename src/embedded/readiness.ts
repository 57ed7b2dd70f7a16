/** Waiting until a service that was started answers: as long as it lives, and not for ever. */
import { setTimeout as pause } from 'node:timers/promises';

import { ConfigError } from '../platform/config.ts';
import type { GuardedChild } from './guardian.ts';

const READY_TIMEOUT_MS = 60_000;

/** Resolves when the child says, as its first JSON line, where it listens. */
export function saysListening(child: GuardedChild): Promise<void> {
  return new Promise((resolve) => {
    child.onLine((line) => {
      if (line.startsWith('{"listening":')) resolve();
    });
  });
}

/**
 * Resolves as `ready` does; when it does not, ends the child. The signal tells `ready` to give up.
 * @param remedy what its user can do, as the message's last part
 * @throws ConfigError when the child ended, or 60 s have passed
 */
export async function untilReady(
  child: GuardedChild,
  ready: (signal: AbortSignal) => Promise<void>,
  remedy: string,
): Promise<void> {
  const settled = new AbortController();
  const fault = (what: string) => new ConfigError([`${child.name} ${what}; ${remedy}`]);
  try {
    await Promise.race([
      ready(settled.signal),
      child.ended.then((how) => Promise.reject(fault(`ended while it was starting (${how})`))),
      pause(READY_TIMEOUT_MS, undefined, { signal: settled.signal }).then(() =>
        Promise.reject(fault(`did not get ready within ${READY_TIMEOUT_MS / 1000} s`)),
      ),
    ]);
  } catch (error) {
    await child.end();
    throw error;
  } finally {
    settled.abort();
  }
}
