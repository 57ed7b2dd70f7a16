/** Which addresses may be called because somebody else named them: those of the internet, never of our own network. */
import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { TerminalError } from './errors.ts';

/** Whether it is an IP address that the whole internet can mean; loopback, private, link-local and reserved are not. */
function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast';
}

/**
 * Whether a URL that somebody gave us may be called at all: https, without credentials, and its host neither a
 * private address nor this machine by name. What other names lead to is for `lookupPublic` to say when it is called.
 */
export function isPublicUrl({ protocol, hostname, username, password }: URL): boolean {
  if (protocol !== 'https:' || username !== '' || password !== '') return false;
  // URL has made all ways of writing an address one; a name may end in the root's dot.
  const host = hostname.replace(/^\[|\]$|\.$/g, '');
  if (ipaddr.isValid(host)) return isPublicAddress(host);
  return host !== 'localhost' && !host.endsWith('.localhost');
}

/**
 * For a request's `lookup`, so that the address that was judged is the one that is called: with a TerminalError it
 * ends the request to a name that leads to any address of a network of our own.
 * @param resolve asks for a name's addresses, as `dns.lookup` does
 */
export const createPublicLookup =
  (resolve: typeof lookup): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const hidden = error ? undefined : addresses.find(({ address }) => !isPublicAddress(address));
      if (error) callback(error, []);
      else if (hidden)
        callback(
          new TerminalError('forbidden', `Expected a public address, and ${hostname} is ${hidden.address}.`),
          [],
        );
      else if (options.all) callback(null, addresses);
      else callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
    });
  };

/** The same by the system's resolver, as it is when it is asked. */
export const lookupPublic: LookupFunction = (hostname, options, callback) =>
  createPublicLookup(lookup)(hostname, options, callback);
