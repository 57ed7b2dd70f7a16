/** Addresses as limits count them. */
import ipaddr from 'ipaddr.js';

/** Half of an IPv6 address is its owner's to choose. */
const PREFIX_BITS = 64;

/** The same for all addresses that one customer of a provider can take: an IPv4 address, or an IPv6 network. */
export function addressKey(address: string): string {
  if (!ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/${PREFIX_BITS}`).toString();
}
