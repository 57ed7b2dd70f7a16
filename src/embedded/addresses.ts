/** Addresses as they may be shown. */

/** The address without the user and password in it; a percent-encoded socket path stays as it is. */
export function hideCredentials(address: string): string {
  return address.replace(/\/\/[^/]*@/, '//***@');
}
