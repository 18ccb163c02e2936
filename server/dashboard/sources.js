// What the page knows, where it is from, and since when.
// May touch: the network through ask.js, and the token. Touches no document.

import { ask, Refusal, Silence } from './ask.js';
import { parse, restarted, samples, value } from './metrics.js';
import * as tokens from './token.js';

/** How long readings of the metrics are kept. */
export const WINDOW_MS = 5 * 60_000;
const RARELY_MS = 60_000;
const SOMETIMES_MS = 30_000;

const source = (path, more = {}) => ({ path, value: null, at: null, trouble: null, due: 0, ...more });

/** Everything that is asked, in this order. `open` is answered to anybody. */
export const sources = {
  ready: source('/readyz', { open: true }),
  health: source('/healthz', { open: true, every: RARELY_MS }),
  identity: source('/v1/identity', { open: true, every: RARELY_MS }),
  metrics: source('/metrics', { as: 'text' }),
  jobs: source('/v1/jobs?limit=20'),
  running: source('/v1/jobs?state=running&limit=100'),
  queued: source('/v1/jobs?state=queued&limit=100'),
  failed: source('/v1/jobs?state=failed&limit=5'),
  done: source('/v1/jobs?state=done&limit=100', { every: SOMETIMES_MS }),
};

/** Readings of the metrics in the last minutes, the oldest first: `{at, families}`. */
export const history = [];

/** When and how the appliance did not answer: `{since, how}`; null while it does. */
export let silence = null;

/** The appliance's clock less this one's. */
export let clockAhead = 0;

/** Whether jobs are counted by kind in the metrics; else they are counted in lists. */
export function isCounted() {
  return samples(sources.metrics.value, 'pulseproof_jobs_unfinished').length > 0;
}

/** Whole jobs that failed, by id: they do not change any more. */
export const failures = new Map();

/** Asks everything that is due; whether the appliance answered. */
export async function round() {
  for (const [name, one] of Object.entries(sources)) {
    if (Date.now() < one.due) continue;
    if ((name === 'queued' || name === 'running') && isIdle()) {
      Object.assign(one, { value: { jobs: [] }, at: Date.now(), trouble: null });
      continue;
    }
    if (isShut(name, one)) continue;
    const token = tokens.token();
    const heard = await asked(one);
    // A token that is not taken is not sent again: from the start, without.
    if (token !== null && tokens.token() === null) return round();
    if (heard instanceof Silence && name === 'ready') {
      silence ??= { since: sources.ready.at, how: heard.message };
      silence.how = heard.message;
      return false;
    }
    if (name === 'ready') answersAgain();
    if (heard instanceof Silence) break;
    if (name === 'metrics' && heard === null) remember();
  }
  await askFailures();
  return true;
}

/** Who has no token is told so once, and not by every route. */
function isShut(name, one) {
  const { trouble, due } = sources.metrics;
  if (one.open || name === 'metrics' || tokens.token() !== null || trouble?.status !== 401) return false;
  Object.assign(one, { trouble, due });
  return true;
}

/** Nothing waits or runs: there is nothing to list. */
function isIdle() {
  const { value: families, trouble } = sources.metrics;
  return trouble === null && value(families, 'pulseproof_queue_length') === 0;
}

async function askFailures() {
  const [token, listed] = [tokens.token(), sources.failed.value?.jobs ?? []];
  for (const id of failures.keys()) {
    if (!listed.some((job) => job.id === id)) failures.delete(id);
  }
  for (const { id } of listed.filter((job) => !failures.has(job.id))) {
    try {
      const { value: job } = await ask(`/v1/jobs/${encodeURIComponent(id)}`, { token });
      if (tokens.token() === token) failures.set(id, job);
    } catch {
      // Its kind of problem is known from the list; the rest is asked for again in the next round.
      return;
    }
  }
}

/** Who was away may be another: what is asked rarely is asked now. */
function answersAgain() {
  if (silence === null) return;
  silence = null;
  sources.health.due = 0;
  sources.identity.due = 0;
}

/** Asks one source; what went wrong, or null. */
async function asked(one) {
  const { path } = one;
  const token = tokens.token();
  try {
    const { value, retryAfter, date } = await ask(path, { token, as: one.as });
    // Asked with what is no longer so: another filter, another token.
    if (one.path !== path || tokens.token() !== token) return undefined;
    if (date !== null) clockAhead = Math.round((date - Date.now()) / 1000) * 1000;
    one.value = one.as === 'text' ? parse(value) : value;
    one.at = Date.now();
    one.trouble = null;
    one.due = retryAfter === null ? one.at + (one.every ?? 0) : one.at + retryAfter * 1000;
    return null;
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof Silence)) throw error;
    if (one.path === path && tokens.token() === token) refused(one, error);
    return error;
  }
}

/** Who may not is not asked again at once: nothing changes until there is another token. */
function refused(one, error) {
  one.trouble = error;
  if (!(error instanceof Refusal)) return;
  const pause = error.status === 401 || error.status === 403 ? RARELY_MS : 0;
  one.due = Date.now() + Math.max(pause, (error.retryAfter ?? 0) * 1000);
  if (error.status === 401 && tokens.token() !== null) {
    tokens.refuse();
    reset();
  }
}

function remember() {
  const { value: families, at } = sources.metrics;
  const last = history.at(-1);
  if (last && restarted(families, last.families)) history.length = 0;
  history.push({ at, families });
  while (history.length > 2 && at - history[1].at >= WINDOW_MS) history.shift();
}

/** Another token, or none: what the one before was shown is forgotten. */
export function reset() {
  history.length = 0;
  failures.clear();
  for (const one of Object.values(sources)) {
    one.due = 0;
    one.trouble = null;
    if (!one.open) [one.value, one.at] = [null, null];
  }
}

/** Lists other jobs from now on. */
export function listJobs(path) {
  Object.assign(sources.jobs, { path, value: null, at: null, trouble: null, due: 0 });
}

/** What the appliance's clock shows. */
export function serverNow() {
  return Date.now() + clockAhead;
}
