// Domains with letters beyond a to z: the house keeps and answers A-labels (xn--...), people read and type letters. Used for
// every response of the API (api.ts) and for the address of this page. What people type goes to the house as it is.
import { toUnicode } from 'punycode/';

const names = /[a-z0-9.-]*xn--[a-z0-9.-]*[a-z0-9]/gi;

/** The name as a program knows it. */
export function aLabels(host: string): string {
  try {
    return new URL(`https://${host}`).hostname;
  } catch {
    return host;
  }
}

/** The address as a mail program wants it: few of them know letters in a user's name. */
export function addressForPrograms(address: string): string {
  const at = address.lastIndexOf('@') + 1;
  return address.slice(0, at) + aLabels(address.slice(at));
}

/** The same text with each name in letters; what is no exact A-label stays as it is. */
export function inLetters(text: string): string {
  return text.replace(names, (name) => {
    try {
      const letters = toUnicode(name.toLowerCase());
      return aLabels(letters) === name.toLowerCase() ? letters : name;
    } catch {
      return name;
    }
  });
}
