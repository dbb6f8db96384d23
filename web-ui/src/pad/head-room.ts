// How much of the page its header covers: it stays at the top, and what can be done at the cursor hangs under it.

/** In CSS pixels; on a phone the buttons are at the bottom and do not count. */
export function headHeight(): number {
  const head = document.querySelector('header.top')?.getBoundingClientRect();
  if (!head) return 0;
  const bar = document.querySelector('header.top .context')?.getBoundingClientRect();
  const beneath = bar && bar.top <= head.bottom + 1 ? bar.bottom : 0;
  return Math.ceil(Math.max(head.bottom, beneath) - head.top);
}

/** Calls `changed` with the header's own height in CSS pixels when that has changed. What hangs beneath it must be measured,
 * which draws up the whole page: the caller does so only while something depends on it. Returns what ends it. */
export function onHeadChange(changed: (height: number) => void): () => void {
  const head = document.querySelector('header.top');
  const watch = new ResizeObserver(([seen]) => changed(seen!.borderBoxSize?.[0]?.blockSize ?? seen!.contentRect.height));
  if (head) watch.observe(head);
  return () => watch.disconnect();
}

const bar_beneath_px = 56;

/** The browser's own moves of the cursor (Home, arrows, pages) stop below the header too. On a phone the buttons stand at
 * the bottom: pad.css leaves room there. */
export const keepHeadFree = () => onHeadChange((height) => {
  document.documentElement.style.scrollPaddingTop = `${Math.ceil(height) + bar_beneath_px}px`;
});
