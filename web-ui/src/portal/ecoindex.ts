// EcoIndex (cnumr) of a page: elements, requests, kilobytes. Test values: 60/3/15 -> 94, 600/40/1024 -> 61.
import type { HomeWeight } from '../common/api';

const dom = [0, 47, 75, 159, 233, 298, 358, 417, 476, 537, 603, 674, 753, 843, 949, 1076, 1237, 1459, 1801, 2479, 594601];
const requests = [0, 2, 15, 25, 34, 42, 49, 56, 63, 70, 78, 86, 95, 105, 117, 130, 147, 170, 205, 281, 3920];
const kilobytes = [0, 1.37, 144.7, 319.53, 479.46, 631.97, 783.38, 937.91, 1098.62, 1265.47, 1448.32, 1648.27, 1876.08,
  2142.06, 2465.37, 2866.31, 3401.59, 4155.73, 5400.08, 8037.54, 223212.26];

function quantile(steps: number[], value: number): number {
  for (let i = 1; i < steps.length; i += 1) {
    const below = steps[i - 1]!;
    const above = steps[i]!;
    if (value < above) return i - 1 + (value - below) / (above - below);
  }
  return 20;
}

export function scoreOf(weight: HomeWeight): number {
  const q = 3 * quantile(dom, weight.elements) + 2 * quantile(requests, weight.requests) + quantile(kilobytes, weight.bytes / 1024);
  return Math.round(100 - (5 * q) / 6);
}

export function gradeOf(weight: HomeWeight): string {
  const score = scoreOf(weight);
  const grades: [number, string][] = [[80, 'A'], [70, 'B'], [55, 'C'], [40, 'D'], [25, 'E'], [10, 'F']];
  return grades.find(([above]) => score > above)?.[1] ?? 'G';
}
