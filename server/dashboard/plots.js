// Draws bars and lines. The numbers are in the text beside them: a drawing says nothing that is not there.
// May touch: nothing. Numbers in, drawings out.

import { svg } from './dom.js';

const WIDTH = 160;

/** A logarithmic scale of seconds, from 100 µs to the decade above the greatest, at least 10 s. */
export function scale(greatest) {
  const [low, high] = [-4, Math.max(1, Math.ceil(Math.log10(Math.max(greatest, 1e-4))))];
  const at = (seconds) => {
    const part = (Math.log10(Math.max(seconds, 1e-4)) - low) / (high - low);
    return 4 + Math.min(1, Math.max(0, part)) * (WIDTH - 8);
  };
  const decades = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  return { at, decades };
}

/** p50 to p99 as a line, p95 on it. */
export function range(of, [p50, p95, p99]) {
  const grid = of.decades.map((decade) => line('grid', of.at(decade), 0, of.at(decade), 18));
  if (p50 === null) return svg('svg', box(18), ...grid);
  const [a, b, c] = [p50, p95, p99].map((found) => of.at(found.value));
  const marks = [
    line('reach', a, 9, c, 9),
    line('tick', b, 5, b, 13),
    svg('circle', { class: 'dot', cx: n(a), cy: 9, r: 3.5 }),
  ];
  const end = p99.beyond ? svg('path', { class: 'beyond', d: `M${n(c - 3)} 5l4 4l-4 4` }) : null;
  return svg('svg', box(18), ...grid, ...marks, end);
}

/** The scale's numbers, for the head of a table. */
export function ruler(of) {
  const names = { '-3': '1 ms', '-1': '100 ms', 1: '10 s', 3: '17 min' };
  const texts = of.decades
    .map((decade) => [of.at(decade), names[Math.round(Math.log10(decade))]])
    .filter(([, name]) => name)
    .map(([x, name]) =>
      svg('text', { x: n(x), y: 11, 'text-anchor': x > WIDTH - 20 ? 'end' : 'middle' }, name),
    );
  return svg('svg', { ...box(14), class: 'plot ruler' }, ...texts);
}

/** Jobs that run, and after them those that wait. */
export function load(runs, waits, most) {
  const unit = 84 / Math.max(most, 1);
  const bar = (name, from, number) =>
    number > 0
      ? svg('rect', {
          class: name,
          x: n(from),
          y: 3,
          width: n(Math.max(2, number * unit - 1)),
          height: 10,
          rx: 2,
        })
      : null;
  const base = svg('line', { class: 'grid', x1: 0, y1: 15.5, x2: 84, y2: 15.5 });
  return svg('svg', box(16, 84), base, bar('runs', 0, runs), bar('waits', runs * unit, waits));
}

/** A line through values over time; `points` are `[time, value]`. From 0 up, or else from the least, with a span of
 * 2 % at least: small changes look small. */
export function spark(points, isFromZero) {
  if (points.length < 2) return svg('svg', { ...box(28), preserveAspectRatio: 'none' });
  const [from, to] = [points[0][0], points.at(-1)[0]];
  const values = points.map(([, value]) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const height = Math.max(isFromZero ? most : most - least, isFromZero ? 1 : most * 0.02) || 1;
  const bottom = isFromZero ? 0 : (most + least - height) / 2;
  const xy = points.map(
    ([time, value]) =>
      `${n(((time - from) / (to - from || 1)) * WIDTH)} ${n(26 - ((value - bottom) / height) * 22)}`,
  );
  const path = `M${xy.join('L')}`;
  const area = svg('path', { class: 'area', d: `${path}L${WIDTH} 28L0 28Z` });
  return svg(
    'svg',
    { ...box(28), preserveAspectRatio: 'none' },
    area,
    svg('path', { class: 'line', d: path }),
  );
}

/** Columns with a name and a number each. */
export function columns(items) {
  const [each, height] = [40, 96];
  const most = Math.max(1, ...items.map(({ number }) => number));
  const drawn = items.map(({ name, number }, index) => {
    const [x, tall] = [index * each, (number / most) * 60];
    const middle = { x: x + each / 2, 'text-anchor': 'middle' };
    const column =
      number > 0
        ? svg('rect', {
            class: 'column',
            x: x + 8,
            y: n(78 - Math.max(2, tall)),
            width: each - 16,
            height: n(Math.max(2, tall)),
            rx: 2,
          })
        : null;
    const above =
      number > 0 ? svg('text', { ...middle, y: n(74 - Math.max(2, tall)) }, String(number)) : null;
    return svg('g', {}, column, above, svg('text', { ...middle, y: 92 }, name));
  });
  const base = svg('line', { class: 'grid', x1: 0, y1: 78.5, x2: items.length * each, y2: 78.5 });
  return svg('svg', { ...box(height, items.length * each), class: 'plot columns-plot' }, base, ...drawn);
}

const n = (number) => String(Math.round(number * 10) / 10);
const line = (name, x1, y1, x2, y2) => svg('line', { class: name, x1: n(x1), y1, x2: n(x2), y2 });
const box = (height, width = WIDTH) => ({
  class: 'plot',
  viewBox: `0 0 ${width} ${height}`,
  'aria-hidden': 'true',
});
