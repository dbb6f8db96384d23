// Logo, lit window, message: the parts that every page shows at once, the editor's first letters too.
import type { ComponentChildren } from 'preact';

/** Three gables of unequal width on one ground line, one lit window. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 54 30" width="54" height="30" aria-hidden="true" focusable="false">
      <path d="M1 28.5h52M4 28.5V17l6.5-6.5L17 17v11.5M17 21V12.5L27 2.5l10 10v16M37 20.5l5.5-5.5 7.5 7.5v6"
        fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" />
      <rect class="pane" x="23" y="13" width="8" height="10" rx="1" />
    </svg>
  );
}

export type Light = 'lit' | 'asleep' | 'stopped';
/** The one sign: lit, outlined, crossed. A word always stands beside it. */
export function Window({ light }: { light: Light }) {
  return (
    <svg class={`window ${light}`} viewBox="0 0 10 12" width="10" height="12" aria-hidden="true" focusable="false">
      <rect x="1" y="1" width="8" height="10" rx="1" />
      {light === 'stopped' && <path d="M1.5 1.5l7 9M8.5 1.5l-7 9" />}
    </svg>
  );
}

export type Tone = 'good' | 'attention' | 'serious';
/** A message about what happened. Announced; serious ones at once. */
export function Notice({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return <div class={`notice ${tone}`} role={tone === 'serious' ? 'alert' : 'status'}>{children}</div>;
}
