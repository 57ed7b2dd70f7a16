/** Shares the places of a process between endpoints, so that one that is slow takes none of the others'. */

/** The places of one process. */
export interface Places {
  /** Takes a place; false when the endpoint has its share already: it is then remembered as one that waits. */
  take(endpointId: string): boolean;
  /** Gives it back; true when the endpoint waits for more, and half of its share is free. */
  leave(endpointId: string): boolean;
  /** Nothing of the endpoint waits any more. */
  caughtUp(endpointId: string): void;
  /** How many places each endpoint may have. */
  share(): number;
}

/** @param total of all endpoints together @param endpoints how many they are, now */
export function createPlaces(total: number, endpoints: () => number): Places {
  const taken = new Map<string, number>();
  const waiting = new Set<string>();
  const share = () => Math.max(1, Math.floor(total / Math.max(1, endpoints())));
  return {
    share,
    take(endpointId) {
      const mine = taken.get(endpointId) ?? 0;
      if (mine >= share()) {
        waiting.add(endpointId);
        return false;
      }
      taken.set(endpointId, mine + 1);
      return true;
    },
    leave(endpointId) {
      const left = (taken.get(endpointId) ?? 1) - 1;
      if (left > 0) taken.set(endpointId, left);
      else taken.delete(endpointId);
      return waiting.has(endpointId) && left <= share() / 2;
    },
    caughtUp: (endpointId) => void waiting.delete(endpointId),
  };
}
