// Numbers, with their units, as text.
// May touch: nothing. Numbers in, text out.

// A number and its unit stay on one line.
const NB = '\u00a0';
const BYTES = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Three digits at most, none of them idle. */
function short(value) {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

/** A count: 34,890. */
export function count(value) {
  return Math.round(value).toLocaleString('en');
}

/** Bytes, in powers of 1,000. */
export function bytes(value) {
  let [rest, unit] = [Math.abs(value), 0];
  while (rest >= 999.5 && unit < BYTES.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return `${value < 0 ? '−' : ''}${short(rest)}${NB}${BYTES[unit]}`;
}

/** A time that something took. */
export function seconds(value) {
  if (value < 0.0005) return value > 0 ? `${short(value * 1e6)}${NB}µs` : `0${NB}s`;
  if (value < 0.9995) return `${short(value * 1e3)}${NB}ms`;
  if (value < 59.95) return `${short(value)}${NB}s`;
  return long(Math.round(value));
}

function long(whole) {
  const parts = [
    [Math.floor(whole / 86400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
  ];
  parts.push([Math.floor(whole / 60) % 60, 'min'], [whole % 60, 's']);
  const first = parts.findIndex(([number]) => number > 0);
  const said = parts.slice(first, first + 2).filter(([number]) => number > 0);
  return said.map(([number, unit]) => `${number}${NB}${unit}`).join(' ');
}

/** How long ago, or since when, in whole seconds. */
export function age(ms) {
  const whole = Math.max(0, Math.round(ms / 1000));
  return whole < 60 ? `${whole}${NB}s` : long(whole);
}

/** The same, roughly. */
export function rough(ms) {
  return age(ms).replace(/^(\d+\s(?:min|h|d)).*/, '$1');
}

/** A percentile. */
export function percentile(found) {
  if (found === null) return '–';
  return `${found.beyond ? `>${NB}` : ''}${seconds(found.value)}`;
}

/** A time of day, with the date if that is another day than today. */
export function clock(ms) {
  const at = new Date(ms);
  const two = (number) => String(number).padStart(2, '0');
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':');
  if (at.toDateString() === new Date().toDateString()) return time;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}

/** Of one, or of several. */
export function plural(number, one, several = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : several}`;
}

/** How much of all. */
export function percent(ratio) {
  return `${short(ratio * 100)}${NB}%`;
}

/** A kind of job, for people. */
export function kindName(kind) {
  const names = { aggregate: 'Sum', fhe: 'Program', groth16: 'Circuit proof' };
  return Object.hasOwn(names, kind) ? names[kind] : String(kind);
}
