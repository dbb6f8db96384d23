// Addresses as people and programs write them: which one is kept as a link (bare-addresses.ts: where one stands in a text
// without being marked as one). The house has the same rules (modules/pads/lines/addresses.cpp); tests/vectors/addresses.json holds both.
const encoded = /[\u0000-\u0020\u007f"'<>\\`]/g;
export const address_max = 4096;

/** Same rule as the exporter's: these schemes and relative addresses, nothing else. */
export function safeAddress(address: unknown): address is string {
  if (typeof address !== 'string' || !address || address.length > address_max || /[\u0000-\u0020"'<>\\`\u007f]/.test(address)) return false;
  const scheme = /^([^/?#:]*):/.exec(address)?.[1];
  return scheme === undefined ? !address.startsWith('//') : /^(https?|mailto|tel)$/i.test(scheme);
}

/** What is kept of an address in a link; '' when it is refused. WHATWG URL §4.4: a browser ignores blanks around it, tabs and
 * line ends in it, and reads "\" as "/" before the query. */
export function keptAddress(written: string): string {
  let address = written.replace(/^[\u0000-\u0020]+|[\u0000-\u0020]+$/g, '').replace(/[\t\n\r]/g, '');
  let scheme = /^([^/?#:]*):/.exec(address)?.[1]!?.toLowerCase() ?? '';
  if (/^(|https?)$/.test(scheme)) address = address.replace(/^[^?#]*/, (path) => path.replace(/\\/g, '/'));
  if (!scheme && address.startsWith('//')) [address, scheme] = [`https:${address}`, 'https'];
  if (/^https?$/.test(scheme) && !/^[^:]*:\/\/[^/?#\u0000-\u0020\u007f"'<>\\`]+([/?#]|$)/.test(address)) return '';
  const kept = address.replace(encoded, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
  return safeAddress(kept) ? kept : '';
}
