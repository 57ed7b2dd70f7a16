/** Stripe's idempotency layer: the first reply under a key is kept, whatever it was, and given again. */
import { Refusal, type Reply } from './faults.ts';

interface Kept {
  request: string;
  endpoint: string;
  /** Absent while the first request is executed. */
  reply?: Reply;
}

/** The keys of one account. */
export class IdempotencyKeys {
  readonly #kept = new Map<string, Kept>();

  /** As 24 hours later. */
  forget(): void {
    this.#kept.clear();
  }

  /** Runs it, unless there is a reply under the key. */
  async once(
    key: string | undefined,
    endpoint: string,
    body: string,
    run: () => Promise<Reply>,
  ): Promise<Reply> {
    if (key === undefined) return run();
    const kept = this.#kept.get(key);
    if (kept) return this.#again(key, kept, endpoint, body);
    const entry: Kept = { request: body, endpoint };
    this.#kept.set(key, entry);
    const reply = await run();
    if (reply.saved) entry.reply = reply;
    else this.#kept.delete(key);
    return reply;
  }

  #again(key: string, kept: Kept, endpoint: string, body: string): Reply {
    const type = 'idempotency_error';
    if (kept.request !== body || kept.endpoint !== endpoint) {
      const message =
        'Keys for idempotent requests can only be used with the same parameters they were first used with. ' +
        `Try using a key other than '${key}' if you meant to execute a different request.`;
      return new Refusal(400, { type, message }, false).toReply();
    }
    if (!kept.reply) {
      const message = 'There is currently another in-progress request using this Idempotent Key.';
      return new Refusal(409, { type, code: 'idempotency_key_in_use', message }, false).toReply();
    }
    return { ...kept.reply, headers: { ...kept.reply.headers, 'Idempotent-Replayed': 'true' } };
  }
}
