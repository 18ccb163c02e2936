// What somebody should look at, worked out from what is known.
// May touch: what sources.js knows. Touches no document.

import { age, bytes, count, plural } from './format.js';
import { samples, total, value } from './metrics.js';
import { history, isCounted, serverNow, sources } from './sources.js';

const DISK_LOW_BYTES = 1e9;
const FULL_SOON_S = 2 * 3600;
const STUCK_MS = 10 * 60_000;
const TREND_MS = 60_000;

const bad = (text) => ({ tone: 'bad', text });
const warn = (text) => ({ tone: 'warn', text });

/** `[{tone, text}]`, the worst first. */
export function concerns() {
  const families = sources.metrics.value;
  const all = [
    ...ofReadiness(),
    ...ofProofs(families),
    ...ofBackends(families),
    ...ofDisk(families),
    ...ofQueue(),
    ...ofAnswers(),
  ];
  return all.sort((a, b) => Number(b.tone === 'bad') - Number(a.tone === 'bad'));
}

function ofReadiness() {
  const { ready, problems = [] } = sources.ready.value ?? {};
  const said = Array.isArray(problems) ? problems.map(String) : [];
  return said.map((text) => (ready ? warn(text) : bad(text)));
}

function ofProofs(families) {
  const rejected = value(families, 'pulseproof_proofs_rejected_total') ?? 0;
  if (rejected === 0) return [];
  return [
    bad(
      `${plural(rejected, 'proof')} of this appliance did not verify and were not released: ` +
        'see the log, and run pulseproof check',
    ),
  ];
}

function ofBackends(families) {
  const told = (sources.ready.value?.problems ?? []).join('\n');
  const found = [];
  for (const { labels, value: inService } of samples(families, 'pulseproof_backend_in_service')) {
    const failures = total(
      families,
      'pulseproof_backend_failures_total',
      (other) => other.backend === labels.backend,
    );
    if (inService === 0 && !told.includes(`${labels.backend} is out of service`))
      found.push(bad(`${labels.backend} is out of service until the next start`));
    else if (inService !== 0 && failures > 0)
      found.push(warn(`${labels.backend} failed at ${plural(failures, 'job')}, which the CPU did`));
  }
  return found;
}

/** Bytes a second that the free room changes by; null if it was not watched for long enough. */
export function diskTrend() {
  const read = history
    .map(({ at, families }) => [at, value(families, 'pulseproof_disk_free_bytes')])
    .filter(([, free]) => free !== null);
  if (read.length < 2 || read.at(-1)[0] - read[0][0] < TREND_MS) return null;
  return (read.at(-1)[1] - read[0][1]) / ((read.at(-1)[0] - read[0][0]) / 1000);
}

function ofDisk(families) {
  const free = value(families, 'pulseproof_disk_free_bytes');
  if (free === null) return [];
  const trend = diskTrend();
  if (free < DISK_LOW_BYTES) return [warn(`${bytes(free)} are free on the disk, less than 1 GB: make room`)];
  const left = trend !== null && trend < 0 ? free / -trend : Infinity;
  return left < FULL_SOON_S ? [warn(`If it goes on like this, the disk is full in ${age(left * 1000)}`)] : [];
}

function ofQueue() {
  const { waits, runs, oldest } = queue();
  if (oldest === null || runs > 0 || waits === 0) return [];
  const waited = serverNow() - oldest;
  return waited > STUCK_MS ? [bad(`A job has waited for ${age(waited)}, and none is at work`)] : [];
}

function ofAnswers() {
  if (history.length < 2) return [];
  const failed = (families) =>
    total(
      families,
      'pulseproof_http_requests_total',
      ({ status, route }) => status === '5xx' && route !== '/readyz',
    );
  const new5xx = failed(history.at(-1).families) - failed(history[0].families);
  return new5xx > 0
    ? [
        warn(
          `${plural(new5xx, 'request')} failed (5xx) in the last ${age(history.at(-1).at - history[0].at)}`,
        ),
      ]
    : [];
}

const KINDS = ['aggregate', 'fhe', 'groth16'];

/**
 * What waits and runs: `{waits, runs, byKind, oldest, longest, isAll, isKnown}`. `oldest` and `longest` are since when;
 * `isAll` says whether the lists were long enough for all of it.
 */
export function queue() {
  const families = sources.metrics.value;
  const [queued, running] = [sources.queued.value, sources.running.value];
  const lists = { queued: queued?.jobs ?? [], running: running?.jobs ?? [] };
  const counted = isCounted();
  const of = (kind, state) =>
    counted
      ? total(families, 'pulseproof_jobs_unfinished', (labels) => labels.kind === kind && labels.state === state)
      : lists[state].filter((job) => job.kind === kind).length;
  const others = counted
    ? samples(families, 'pulseproof_jobs_unfinished').map(({ labels }) => labels.kind)
    : [...lists.queued, ...lists.running].map((job) => job.kind);
  const byKind = [...new Set([...KINDS, ...others])].map((kind) => ({
    kind,
    waits: of(kind, 'queued'),
    runs: of(kind, 'running'),
  }));
  const sum = (name) => byKind.reduce((all, one) => all + one[name], 0);
  const first = (jobs, time) => Math.min(...jobs.map((job) => job[time] ?? Infinity));
  const known = (time) => (time === Infinity ? null : time);
  return {
    byKind,
    waits: sum('waits'),
    runs: sum('runs'),
    oldest: known(first(lists.queued, 'queued_at')),
    longest: known(first(lists.running, 'started_at')),
    isAll: (queued?.next ?? null) === null && (running?.next ?? null) === null,
    isKnown: counted || (queued !== null && running !== null),
  };
}

/** How many: at least that, if the lists were too short. */
export function atLeast(number, all) {
  return all || isCounted() ? count(number) : `≥ ${count(number)}`;
}
