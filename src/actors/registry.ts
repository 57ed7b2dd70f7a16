/** Activation and passivation: the actors that this process holds in memory, at most so many. */
import type { ActorRecord } from '../machines/actor-record.ts';
import { Actor, type ActorParts } from './actor.ts';

/** Finds or activates actors by id; the ones used longest ago are passivated first. */
export class Registry {
  readonly #actors = new Map<string, Actor>();

  constructor(
    private readonly parts: ActorParts,
    private readonly capacity: number,
  ) {}

  /** Activations in memory. */
  get size(): number {
    return this.#actors.size;
  }

  /** The actor of that id, activated if need be; its record is loaded when it is first needed. */
  activate(actorId: string, record?: ActorRecord): Actor {
    const actor = this.#actors.get(actorId) ?? new Actor(actorId, this.parts, record);
    // Set anew, so that the map's order is the order of use.
    this.#actors.delete(actorId);
    this.#actors.set(actorId, actor);
    if (this.#actors.size > this.capacity) this.#passivateOne();
    return actor;
  }

  /** The feed has seen the actor up to `seq`; a finished one leaves memory then. */
  published(actorId: string, seq: number): void {
    const actor = this.#actors.get(actorId);
    actor?.published(seq);
    if (actor?.idle && actor.cached?.status === 'done') this.#actors.delete(actorId);
  }

  /** A busy actor is never passivated: two mailboxes for one actor would only race. */
  #passivateOne(): void {
    for (const [id, actor] of this.#actors) {
      if (!actor.idle) continue;
      this.#actors.delete(id);
      return;
    }
  }
}
