// A QR code (ISO/IEC 18004) for the printed sheet: bytes, versions 1 to 6, which is enough for an invitation's link.
// Pure. Longer texts give null: the sheet has the typed code as well.

/** [data bytes, check bytes per block, blocks] of versions 1 to 6, for the levels M and L. */
const capacities: Record<'M' | 'L', [number, number, number][]> = {
  M: [[16, 10, 1], [28, 16, 1], [44, 26, 1], [64, 18, 2], [86, 24, 2], [108, 16, 4]],
  L: [[19, 7, 1], [34, 10, 1], [55, 15, 1], [80, 20, 1], [108, 26, 1], [136, 18, 2]],
};
const levelBits = { L: 1, M: 0 };

const exponents = new Uint8Array(512);
const logarithms = new Uint8Array(256);
for (let i = 0, value = 1; i < 255; i += 1) {
  exponents[i] = exponents[i + 255] = value;
  logarithms[value] = i;
  value = value < 128 ? value * 2 : (value * 2) ^ 0x11d;
}
const times = (a: number, b: number) => (a === 0 || b === 0 ? 0 : exponents[logarithms[a]! + logarithms[b]!]!);

/** The remainder of Reed and Solomon. */
function checkBytes(data: number[], count: number): number[] {
  let generator = [1];
  for (let i = 0; i < count; i += 1) {
    const next: number[] = new Array<number>(generator.length + 1).fill(0);
    generator.forEach((value, at) => {
      next[at] = next[at]! ^ value;
      next[at + 1] = next[at + 1]! ^ times(value, exponents[i]!);
    });
    generator = next;
  }
  const rest = [...data, ...new Array<number>(count).fill(0)];
  for (let i = 0; i < data.length; i += 1) {
    const factor = rest[i]!;
    generator.forEach((value, at) => { rest[i + at] = rest[i + at]! ^ times(value, factor); });
  }
  return rest.slice(data.length);
}

function codewords(text: Uint8Array, [room, checks, blocks]: [number, number, number]): number[] {
  const bits: number[] = [];
  const put = (value: number, length: number) => { for (let i = length - 1; i >= 0; i -= 1) bits.push((value >> i) & 1); };
  put(4, 4);
  put(text.length, 8);
  text.forEach((byte) => put(byte, 8));
  put(0, Math.min(4, room * 8 - bits.length));
  while (bits.length % 8 !== 0) bits.push(0);
  const data: number[] = [];
  for (let i = 0; i < bits.length; i += 8) data.push(bits.slice(i, i + 8).reduce((sum, bit) => sum * 2 + bit, 0));
  for (let pad = 0xec; data.length < room; pad ^= 0xec ^ 0x11) data.push(pad);
  const size = room / blocks;
  const parts = Array.from({ length: blocks }, (_, i) => data.slice(i * size, (i + 1) * size));
  const tails = parts.map((part) => checkBytes(part, checks));
  const woven: number[] = [];
  for (let i = 0; i < size; i += 1) parts.forEach((part) => woven.push(part[i]!));
  for (let i = 0; i < checks; i += 1) tails.forEach((tail) => woven.push(tail[i]!));
  return woven;
}

const masks: ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0, (_, y) => y % 2 === 0, (x) => x % 3 === 0, (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2 === 0, (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0, (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

type Grid = (boolean | null)[][];

function frame(version: number): { grid: Grid; fixed: boolean[][] } {
  const size = 17 + 4 * version;
  const grid: Grid = Array.from({ length: size }, () => new Array<boolean | null>(size).fill(null));
  const set = (x: number, y: number, dark: boolean) => { if (grid[y] && x >= 0 && x < size) grid[y]![x] = dark; };
  for (let i = 0; i < size; i += 1) { set(i, 6, i % 2 === 0); set(6, i, i % 2 === 0); }
  for (const [left, top] of [[0, 0], [size - 7, 0], [0, size - 7]] as const) {
    for (let y = -1; y < 8; y += 1) {
      for (let x = -1; x < 8; x += 1) {
        const ring = Math.max(Math.abs(x - 3), Math.abs(y - 3));
        set(left + x, top + y, ring !== 2 && ring !== 4);
      }
    }
  }
  if (version > 1) {
    for (let y = -2; y <= 2; y += 1) for (let x = -2; x <= 2; x += 1) set(size - 7 + x, size - 7 + y, Math.max(Math.abs(x), Math.abs(y)) !== 1);
  }
  for (let i = 0; i < 9; i += 1) { if (i !== 6) { set(8, i, false); set(i, 8, false); } }
  for (let i = 0; i < 8; i += 1) { set(8, size - 1 - i, false); set(size - 1 - i, 8, false); }
  set(8, size - 8, true);
  return { grid, fixed: grid.map((row) => row.map((cell) => cell !== null)) };
}

function putFormat(grid: Grid, level: 'M' | 'L', mask: number): void {
  const size = grid.length;
  const data = (levelBits[level] << 3) | mask;
  let rest = data;
  for (let i = 0; i < 10; i += 1) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
  const bits = ((data << 10) | rest) ^ 0x5412;
  const bit = (i: number) => ((bits >> i) & 1) === 1;
  for (let i = 0; i < 6; i += 1) grid[i]![8] = bit(i);
  grid[7]![8] = bit(6);
  grid[8]![8] = bit(7);
  grid[8]![7] = bit(8);
  for (let i = 9; i < 15; i += 1) grid[8]![14 - i] = bit(i);
  for (let i = 0; i < 8; i += 1) grid[8]![size - 1 - i] = bit(i);
  for (let i = 8; i < 15; i += 1) grid[size - 15 + i]![8] = bit(i);
}

/** How hard the code is to read: long runs, blocks, what looks like a corner, too much of one colour. */
function penalty(grid: boolean[][]): number {
  const size = grid.length;
  let total = 0;
  const corner = /(?=10111010000|00001011101)/g;
  for (const turned of [false, true]) {
    for (let i = 0; i < size; i += 1) {
      const line = Array.from({ length: size }, (_, j) => ((turned ? grid[j]![i] : grid[i]![j]) ? '1' : '0')).join('');
      for (const run of line.match(/0+|1+/g) ?? []) if (run.length >= 5) total += run.length - 2;
      total += 40 * (line.match(corner)?.length ?? 0);
    }
  }
  let dark = 0;
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const one = grid[y]![x];
      dark += one ? 1 : 0;
      if (x > 0 && y > 0 && grid[y - 1]![x] === one && grid[y]![x - 1] === one && grid[y - 1]![x - 1] === one) total += 3;
    }
  }
  return total + 10 * Math.floor(Math.abs((dark * 100) / (size * size) - 50) / 5);
}

function filled(words: number[], version: number, level: 'M' | 'L', mask: number): boolean[][] {
  const { grid, fixed } = frame(version);
  const size = grid.length;
  let at = 0;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step += 1) {
      const y = ((right + 1) & 2) === 0 ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (fixed[y]![x]) continue;
        const bit = at < words.length * 8 && ((words[at >> 3]! >> (7 - (at & 7))) & 1) === 1;
        grid[y]![x] = bit !== masks[mask]!(x, y);
        at += 1;
      }
    }
  }
  putFormat(grid, level, mask);
  return grid.map((row) => row.map(Boolean));
}

/** Rows of dark and light cells; null when the text is too long. `wanted` fixes the mask (for tests). */
export function qrCode(text: string, wanted?: number): boolean[][] | null {
  const bytes = new TextEncoder().encode(text);
  for (const level of ['M', 'L'] as const) {
    const at = capacities[level].findIndex(([room]) => bytes.length + 2 <= room);
    if (at < 0) continue;
    const words = codewords(bytes, capacities[level][at]!);
    const all = (wanted === undefined ? masks.map((_, mask) => mask) : [wanted]).map((mask) => filled(words, at + 1, level, mask));
    return all.reduce((best, one) => (penalty(one) < penalty(best) ? one : best));
  }
  return null;
}

/** The dark cells as one path, each cell one unit. */
export function qrPath(grid: boolean[][]): string {
  return grid.map((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')).join('')).join('');
}
