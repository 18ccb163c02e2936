// Reads Prometheus's text, and estimates percentiles from histograms.
// May touch: nothing. Text in, numbers out.

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES = { '\\\\': '\\', '\\"': '"', '\\n': '\n' };

/** Samples by name: `[{labels, value}]`. A line that is none is left out. */
export function parse(text) {
  const families = new Map();
  for (const line of text.split('\n')) {
    const found = line.startsWith('#') ? null : LINE.exec(line.trim());
    if (!found) continue;
    const sample = { labels: labels(found[2] ?? ''), value: number(found[3]) };
    if (families.has(found[1])) families.get(found[1]).push(sample);
    else families.set(found[1], [sample]);
  }
  return families;
}

function labels(text) {
  const read = Object.create(null);
  for (const [, name, value] of text.matchAll(LABEL)) {
    read[name] = value.replace(/\\[\\"n]/g, (escape) => ESCAPES[escape]);
  }
  return read;
}

function number(text) {
  if (text === '+Inf') return Infinity;
  return text === '-Inf' ? -Infinity : Number(text);
}

/** The samples of a name. */
export function samples(families, name) {
  return families?.get(name) ?? [];
}

/** The one value of a name; null if there is none. */
export function value(families, name) {
  return samples(families, name)[0]?.value ?? null;
}

/** The sum of those samples of a name that are wanted. */
export function total(families, name, wanted = () => true) {
  return samples(families, name)
    .filter((sample) => wanted(sample.labels))
    .reduce((sum, sample) => sum + sample.value, 0);
}

/** The histograms of a name, by their labels: `{labels, buckets: [{le, count}], sum, count}`. */
export function histograms(families, name) {
  const found = new Map();
  const of = (sample) => {
    const { le, ...rest } = sample.labels;
    const key = JSON.stringify(Object.entries(rest).sort());
    if (!found.has(key)) found.set(key, { labels: rest, buckets: [], sum: 0, count: 0 });
    return { histogram: found.get(key), le };
  };
  for (const sample of samples(families, `${name}_bucket`)) {
    const { histogram, le } = of(sample);
    histogram.buckets.push({ le: number(le ?? '+Inf'), count: sample.value });
  }
  for (const sample of samples(families, `${name}_sum`)) of(sample).histogram.sum = sample.value;
  for (const sample of samples(families, `${name}_count`)) of(sample).histogram.count = sample.value;
  for (const histogram of found.values()) histogram.buckets.sort((a, b) => a.le - b.le);
  return found;
}

/** What came between two readings of a histogram; all of the later one if it began anew. */
export function since(later, earlier) {
  if (!earlier || earlier.count > later.count) return later;
  const before = new Map(earlier.buckets.map((bucket) => [bucket.le, bucket.count]));
  const buckets = later.buckets.map(({ le, count }) => ({ le, count: count - (before.get(le) ?? 0) }));
  const { labels, sum, count } = later;
  return { labels, buckets, sum: sum - earlier.sum, count: count - earlier.count };
}

/**
 * A percentile, on a straight line within its bucket: `{value, beyond}`. `beyond` if it lies above the last bound,
 * which is the value then. Null without samples.
 */
export function quantile(histogram, q) {
  if (!(histogram.count > 0)) return null;
  const rank = q * histogram.count;
  let [low, below] = [0, 0];
  for (const { le, count } of histogram.buckets) {
    if (count >= rank) {
      if (le === Infinity) return { value: low, beyond: true };
      const part = count > below ? (rank - below) / (count - below) : 1;
      return { value: low + (le - low) * part, beyond: false };
    }
    [low, below] = [le === Infinity ? low : le, count];
  }
  return { value: low, beyond: true };
}

/** A percentile of values as they are. */
export function exact(values, q) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return { value: sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)], beyond: false };
}

/** Whether everything began anew between two readings: some counter fell. */
export function restarted(later, earlier) {
  const begun = (families) => value(families, 'process_start_time_seconds');
  if (begun(later) !== begun(earlier)) return true;
  const counts = (families) => total(families, 'pulseproof_http_requests_total');
  return counts(later) < counts(earlier);
}
