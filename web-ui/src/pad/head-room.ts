// How much of the page the head covers: it stays at the top, and what can be done at the cursor hangs under it.

/** In CSS pixels; on a phone the buttons are at the bottom and do not count. */
export function headHeight(): number {
  const head = document.querySelector('header.top')?.getBoundingClientRect();
  if (!head) return 0;
  const bar = document.querySelector('header.top .context')?.getBoundingClientRect();
  const beneath = bar && bar.top <= head.bottom + 1 ? bar.bottom : 0;
  return Math.ceil(Math.max(head.bottom, beneath) - head.top);
}

/** `--head`, for what must stand under it. */
export function tellHeadHeight(): void {
  document.documentElement.style.setProperty('--head', `${headHeight()}px`);
}
