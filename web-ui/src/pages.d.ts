/// <reference types="vite/client" />
declare module 'punycode/' {
  export function toUnicode(name: string): string;
}
