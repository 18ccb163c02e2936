// Percentiles: of work and HTTP from the appliance's histograms, of jobs from the list of those that were done.
// May touch: the section of times.

import { byId, rows, setText, show } from './dom.js';
import { age, clock, count, kindName, percentile, plural } from './format.js';
import { exact, histograms, quantile, since, value } from './metrics.js';
import { range, ruler, scale } from './plots.js';
import { history, serverNow, sources } from './sources.js';

const QUANTILES = [0.5, 0.95, 0.99];
const ROUTES_MAX = 8;
const WORK = [
  ['pulseproof_intake_seconds', 'Batch checked and stored'],
  ['pulseproof_prove_seconds', 'Sum proved'],
  ['pulseproof_verify_seconds', 'Sum verified'],
  ['pulseproof_groth16_witness_seconds', 'Witness computed'],
  ['pulseproof_groth16_prove_seconds', 'Circuit proved'],
  ['pulseproof_groth16_verify_seconds', 'Circuit verified'],
  ['pulseproof_program_seconds', 'Program computed'],
  ['pulseproof_bootstrap_batch_wait_seconds', 'Batch’s oldest waited'],
  ['pulseproof_bootstrap_batch_seconds', 'Batch bootstrapped'],
];

let isRecent = false;
let areAll = false;

/** Listens to the choices of this section. */
export function listen(changed) {
  byId('window').addEventListener('change', (event) => {
    isRecent = event.target.value === 'recent';
    changed();
  });
  byId('http-all').addEventListener('click', () => {
    areAll = !areAll;
    changed();
  });
}

/** Histograms of a name over the time that is chosen, without those that counted nothing. */
export function chosen(name) {
  const now = histograms(sources.metrics.value, name);
  const before = isRecent && history.length > 0 ? histograms(history[0].families, name) : new Map();
  const all = [...now].map(([key, histogram]) => (isRecent ? since(histogram, before.get(key)) : histogram));
  return all.filter(({ count: number }) => number > 0);
}

/** The time that is chosen, in words. */
export function over() {
  if (isRecent) return `over the ${recent()}`;
  const begun = value(sources.metrics.value, 'process_start_time_seconds');
  return begun === null
    ? 'over all the time since the appliance started'
    : `over the ${age(serverNow() - begun * 1000)} since the appliance started`;
}

/** The last minutes; fewer at first. */
export function recent() {
  const watched = history.length < 2 ? 0 : history.at(-1).at - history[0].at;
  return `last ${age(watched)} that this page watched`;
}

/** Shows the percentiles. */
export function showTimes() {
  const watched = history.length < 2 ? 0 : history.at(-1).at - history[0].at;
  setText(
    byId('window-recent'),
    watched === 0
      ? 'the last 5 min, from now on'
      : `the last ${age(watched)}${watched < 295_000 ? ' (up to 5 min)' : ''}`,
  );
  setText(byId('times-over'), over());
  table('work', workItems());
  showRoutes();
  showJobs();
}

function workItems() {
  return WORK.flatMap(([name, what]) =>
    chosen(name).map((histogram) => item(named(what, histogram.labels), histogram)),
  );
}

/** With what tells it from others of its name. */
function named(what, labels) {
  const more = Object.values(labels).join(', ');
  return more ? `${what}, ${more}` : what;
}

function item(what, histogram) {
  return { what, number: histogram.count, found: QUANTILES.map((q) => quantile(histogram, q)) };
}

function showRoutes() {
  const all = chosen('pulseproof_http_request_seconds')
    .sort((a, b) => b.count - a.count)
    .map((histogram) => item(`${histogram.labels.method} ${histogram.labels.route}`, histogram));
  table('http', areAll ? all : all.slice(0, ROUTES_MAX));
  const button = byId('http-all');
  show(button, all.length > ROUTES_MAX);
  setText(button, areAll ? `The ${ROUTES_MAX} that are asked most` : `All ${all.length} routes`);
  button.setAttribute('aria-expanded', String(areAll));
}

function showJobs() {
  const jobs = (sources.done.value?.jobs ?? []).filter(
    (job) => job.queued_at && job.started_at && job.ended_at,
  );
  const items = [...new Set(jobs.map(({ kind }) => kind))].sort().flatMap((kind) => {
    const of = jobs.filter((job) => job.kind === kind);
    const times = (what, from, to) => {
      const took = of.map((job) => Math.max(0, job[to] - job[from]) / 1000);
      return {
        what: `${kindName(kind)}: ${what}`,
        number: of.length,
        found: QUANTILES.map((q) => exact(took, q)),
      };
    };
    return [times('waited', 'queued_at', 'started_at'), times('worked on', 'started_at', 'ended_at')];
  });
  table('jobs', items, 'jobs-times', 'jobs-times-none');
  const first = Math.min(...jobs.map((job) => job.ended_at));
  setText(
    byId('jobs-times-over'),
    jobs.length
      ? `the last ${plural(jobs.length, 'job')} that may be seen and were done, since ${clock(first)}; ` +
          'as they were, not estimated'
      : 'those that were done',
  );
}

function table(name, items, body = `${name}-times`, none = `${name}-none`) {
  const greatest = Math.max(0, ...items.map(({ found }) => found[2]?.value ?? 0));
  const of = scale(greatest);
  const head = byId(`${name}-scale`);
  const drawn = ruler(of);
  if (!head.firstChild?.isEqualNode(drawn)) head.replaceChildren(drawn);
  rows(
    byId(body),
    items,
    ({ what }) => what,
    ({ what, number, found }) => [what, count(number), ...found.map(percentile), range(of, found)],
  );
  show(byId(body).parentElement, items.length > 0);
  show(byId(none), items.length === 0);
}
