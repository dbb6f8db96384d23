// The buttons' drawings: one stroke, drawn for this editor on a grid of 20.
const paths: Record<string, string> = {
  undo: 'M8 4 4 8l4 4M4 8h7.5a4.5 4.5 0 0 1 0 9H9',
  redo: 'M12 4l4 4-4 4M16 8H8.500a4.5 4.5 0 0 0 0 9H11',
  bold: 'M6 3.500h5a3.25 3.25 0 0 1 0 6.500H6zM6 10h6a3.25 3.25 0 0 1 0 6.500H6z',
  italic: 'M8.5 3.500h6M5.5 16.500h6M11.8 3.500l-3.6 13',
  underline: 'M5.5 3v6.500a4.5 4.5 0 0 0 9 0V3M4.5 17.500h11',
  strike: 'M3 10.500h14M14 6.200C13.6 4.5 12 3.5 10 3.500c-2.4 0-4 1.3-4 3.2 0 1 .5 1.8 1.3 2.400M6 13.500c.3 1.9 1.9 3 4.2 3 2.4 0 4-1.2 4-3.1 0-.8-.3-1.5-.8-2',
  highlight: 'M5 12.5 12.5 4l3.8 3.500L9 15.500H5zM3.5 18h13',
  link: 'M8.5 11.500a3.2 3.2 0 0 0 4.6 0l2.7-2.700a3.26 3.26 0 0 0-4.6-4.600L10 5.300M11.5 8.500a3.2 3.2 0 0 0-4.6 0l-2.7 2.700a3.26 3.26 0 0 0 4.6 4.600L10 14.7',
  bulletList: 'M8 5h9M8 10h9M8 15h9M3.5 5h.5M3.5 10h.5M3.5 15h.5',
  orderedList: 'M9 5h8M9 10h8M9 15h8M3 4l1.5-1v4M3 12.800c.3-.8 2-1 2 .2 0 .9-2 1.8-2 3h2.2',
  taskList: 'M3 3.500h5v5H3zM3 11.500h5v5H3zM11 6h6M11 14h6M4.2 6l1.2 1.200L8.5 3.5',
  image: 'M3 4h14v12H3zM3 13.500l4-4 3.5 3.5 2.5-2.5 4 4M12.8 7.500h.4',
  table: 'M3 4h14v12H3zM3 8h14M3 12h14M8 4v12',
  rule: 'M3 10h14M5 5h10M5 15h10',
  find: 'M8.5 3.500a5 5 0 1 1 0 10 5 5 0 0 1 0-10zM12.2 12.2 17 17',
  more: 'M4.5 10h.6M9.7 10h.6M14.9 10h.6',
  down: 'M5.5 8l4.5 4.500L14.5 8',
  close: 'M5 5l10 10M15 5 5 15',
};

export function Icon({ name }: { name: string }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
      <path d={paths[name] ?? ''} fill="none" stroke="currentColor" stroke-width={name === 'more' ? 2.4 : 1.6} stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}
