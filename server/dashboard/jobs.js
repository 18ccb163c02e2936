// The list of jobs, its filters and its pages.
// May touch: the section of jobs.

import { kindOf } from './ask.js';
import { byId, el, keyed, mark, setText, show } from './dom.js';
import { age, clock, kindName, rough, seconds } from './format.js';
import { listJobs, serverNow, sources } from './sources.js';

const LIMIT = 20;
let after = null;

/** Listens to filters and pages; `ask` asks at once, `open` shows a job's details. */
export function listen(ask) {
  const changed = (next) => {
    after = next;
    listJobs(path());
    ask();
  };
  byId('filter-state').addEventListener('change', () => changed(null));
  byId('filter-kind').addEventListener('change', () => changed(null));
  byId('jobs-older').addEventListener('click', () => turn(() => changed(sources.jobs.value?.next ?? null)));
  byId('jobs-newest').addEventListener('click', () => turn(() => changed(null)));
}

/** The button that turned the page may go: the focus is on the list then. */
function turn(change) {
  change();
  byId('jobs-title').focus({ preventScroll: true });
  byId('jobs-title').scrollIntoView({ block: 'nearest' });
}

function path() {
  const query = new URLSearchParams({ limit: String(LIMIT) });
  const [state, kind] = [byId('filter-state').value, byId('filter-kind').value];
  if (state) query.set('state', state);
  if (kind) query.set('kind', kind);
  if (after !== null) query.set('after', String(after));
  return `/v1/jobs?${query}`;
}

/** Shows the jobs that are listed. */
export function showJobs(open) {
  const { value, trouble } = sources.jobs;
  const jobs = value?.jobs ?? [];
  keyed(
    byId('jobs'),
    jobs,
    ({ id }) => id,
    (job) => make(job, open),
    update,
  );
  show(byId('jobs-table'), jobs.length > 0);
  show(byId('jobs-newest'), after !== null);
  const more = value?.next ?? null;
  show(byId('jobs-older'), more !== null);
  const says = value === null ? (trouble ? '' : 'Asking for jobs …') : jobs.length ? '' : nothing(more);
  show(byId('jobs-says'), says !== '');
  setText(byId('jobs-says'), says);
}

function nothing(more) {
  if (more !== null) return 'None among those that were looked at. There are older ones.';
  const filtered = byId('filter-state').value || byId('filter-kind').value || after !== null;
  return filtered ? 'There is no such job.' : 'Nobody has asked for a job, or none that may be seen.';
}

function make(job, open) {
  const button = el('button', { type: 'button', class: 'link', 'aria-haspopup': 'dialog' });
  button.addEventListener('click', () => open(job.id));
  const bar = el('progress', { max: '1000', hidden: '' });
  return el(
    'tr',
    {},
    el('th', { scope: 'row' }, button, el('span', { class: 'id' })),
    el('td', {}, el('span', { class: 'badge' }), el('span', { class: 'stage' }), bar),
    el('td', { class: 'number' }),
    el('td', { class: 'number wider' }),
    el('td', { class: 'wider who' }),
  );
}

function update(row, job) {
  const [name, state, asked, took, who] = row.cells;
  setText(name.firstChild, titleOf(job));
  setText(name.lastChild, job.id.slice(0, 8));
  const [badge, stage, bar] = state.children;
  setText(badge, String(job.state));
  mark(badge, 'data-tone', toneOf(job.state));
  setText(stage, stageOf(job));
  progress(bar, job);
  mark(bar, 'aria-label', `${titleOf(job)}: ${job.stage ?? 'progress'}`);
  setText(asked, job.queued_at ? agoOf(job.queued_at) : '–');
  setText(took, tookOf(job));
  setText(who, job.client ?? '–');
}

function tookOf({ started_at: begun, ended_at: ended }) {
  if (!begun) return '–';
  return ended ? seconds(Math.max(0, ended - begun) / 1000) : age(serverNow() - begun);
}

/** Of today how long ago, of other days when. */
function agoOf(ms) {
  const ago = serverNow() - ms;
  return ago < 3_600_000 ? `${rough(ago)} ago` : clock(ms);
}

/** What a job is, in a few words: of a listed one, or of a whole one. */
export function titleOf(job) {
  const request = job.request ?? job;
  const regions =
    job.regions ?? (request.region ? [request.region] : (request.sums ?? []).map(({ region }) => region));
  const of = request.circuit ?? [...new Set(regions)].join(', ');
  const epoch = request.epoch === undefined ? '' : `, epoch ${request.epoch}`;
  return `${kindName(request.kind)}${of ? ` of ${of}` : ''}${epoch}`;
}

/** How a state looks. */
export function toneOf(state) {
  return { queued: 'idle', running: 'run', done: 'ok', failed: 'bad' }[state] ?? 'idle';
}

/** What is being done, or what it failed with. */
export function stageOf(job) {
  if (job.state === 'failed') return kindOf(job.problem?.type ?? job.problem);
  if (job.state !== 'running' || !job.stage) return '';
  const part = Number.isFinite(job.progress) ? `, ${Math.floor(job.progress / 10)}\u00a0%` : '';
  return `${job.stage}${part}`;
}

/** A bar: without a value while it is not known how much is done. */
export function progress(bar, job) {
  show(bar, job.state === 'running');
  if (Number.isFinite(job.progress)) bar.value = job.progress;
  else bar.removeAttribute('value');
}
