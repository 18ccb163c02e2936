// The first things to see: is it up, does it take work, what is wrong, and how old all this is.
// May touch: the head of the page, the state and its tiles, and what marks sections as old.

import { kindOf, Refusal } from './ask.js';
import { atLeast, concerns, diskTrend, queue } from './concerns.js';
import { byId, el, keyed, mark, setText, show } from './dom.js';
import { age, bytes, clock, count, plural } from './format.js';
import { samples, total, value } from './metrics.js';
import { spark } from './plots.js';
import { history, serverNow, silence, sources } from './sources.js';
import { token } from './token.js';

const OLD_MS = 20_000;

/** Shows the state, and says aloud what has changed. */
export function showStatus() {
  const { tone, text } = headline();
  const title = byId('state-title');
  if (title.textContent !== text) byId('announce').textContent = text;
  setText(title, text);
  mark(title, 'data-tone', tone);
  keyed(
    byId('concerns'),
    silence ? [] : concerns(),
    (one) => one.text,
    () => el('li'),
    (node, one) => {
      setText(node, one.text);
      mark(node, 'data-tone', one.tone);
    },
  );
  showBanners();
  showTiles();
}

function headline() {
  const { value: ready } = sources.ready;
  if (silence) return { tone: 'bad', text: 'The appliance does not answer.' };
  const { trouble } = sources.ready;
  if (trouble)
    return {
      tone: 'bad',
      text: `It answers, but does not say whether it takes work: ${trouble.problem?.detail ?? trouble.kind}`,
    };
  if (ready === null) return { tone: 'idle', text: 'Asking the appliance …' };
  if (!ready.ready) return { tone: 'bad', text: 'It is up, but takes no work.' };
  const worst = concerns()[0]?.tone;
  if (!worst) return { tone: 'ok', text: 'It is up and takes work.' };
  return { tone: worst, text: 'It is up and takes work, but look at this:' };
}

function showBanners() {
  show(byId('banner'), silence !== null);
  if (silence) {
    setText(byId('banner-title'), 'The appliance does not answer:');
    const since =
      silence.since === null
        ? 'Nothing was heard of it yet.'
        : `What is shown below is of ${clock(silence.since)}, and may be wrong by now.`;
    setText(byId('banner-text'), `${silence.how}. ${since}`);
  }
  const warning = sources.health.value?.warning ?? null;
  show(byId('insecure'), warning !== null);
  setText(byId('insecure-text'), String(warning ?? ''));
}

function tile(id, tone, figure, small, drawing = null) {
  const node = byId(id);
  mark(node, 'data-tone', tone);
  setText(node.querySelector('.figure'), figure);
  setText(node.querySelector('.small'), small);
  const place = node.querySelector('.spark');
  if (place) place.replaceChildren(...(drawing ? [drawing] : []));
}

function showTiles() {
  const families = sources.metrics.value;
  queueTile();
  if (families === null) {
    const why = sources.metrics.trouble ? 'not to be seen' : '';
    for (const id of ['tile-disk', 'tile-devices', 'tile-connections', 'tile-failures'])
      tile(id, null, '–', why);
    return;
  }
  diskTile(families);
  devicesTile(families);
  const open = value(families, 'pulseproof_connections') ?? 0;
  tile(
    'tile-connections',
    null,
    `${count(open)} open`,
    `${bytes(value(families, 'pulseproof_body_bytes') ?? 0)} of bodies in memory`,
  );
  failuresTile(families);
}

function queueTile() {
  const { waits, runs, oldest, isAll, isKnown } = queue();
  if (!isKnown) return tile('tile-queue', null, '–', sources.queued.trouble ? 'not to be seen' : '');
  const small =
    oldest === null
      ? `${atLeast(runs, isAll)} at work`
      : `${atLeast(runs, isAll)} at work, the oldest waits ${age(serverNow() - oldest)}`;
  const points = history.map(({ at, families }) => [at, value(families, 'pulseproof_queue_length') ?? 0]);
  tile('tile-queue', null, `${atLeast(waits, isAll)} waiting`, small, spark(points, true));
}

function diskTile(families) {
  const free = value(families, 'pulseproof_disk_free_bytes');
  if (free === null) return tile('tile-disk', 'bad', 'no answer', 'see the log');
  const all = value(families, 'pulseproof_disk_bytes');
  const trend = diskTrend();
  const moves = trend === null ? 'free' : `free, ${trend > 0 ? '+' : ''}${bytes(trend * 60)} a minute`;
  const points = history.map((one) => [one.at, value(one.families, 'pulseproof_disk_free_bytes') ?? 0]);
  tile(
    'tile-disk',
    free < 1e9 ? 'warn' : null,
    bytes(free),
    all === null ? moves : `${moves}, of ${bytes(all)}`,
    spark(points, false),
  );
}

function devicesTile(families) {
  const all = samples(families, 'pulseproof_backend_in_service');
  const names = (wanted) =>
    all
      .filter((sample) => (sample.value !== 0) === wanted)
      .map(({ labels }) => labels.backend)
      .join(', ');
  const gone = names(false);
  tile(
    'tile-devices',
    gone ? 'bad' : null,
    names(true) || 'none',
    gone ? `${gone} out of service` : 'in service',
  );
}

function failuresTile(families) {
  const failed = total(families, 'pulseproof_jobs_total', ({ state }) => state === 'failed');
  const errors = total(
    families,
    'pulseproof_http_requests_total',
    ({ status, route }) => status === '5xx' && route !== '/readyz',
  );
  tile(
    'tile-failures',
    errors > 0 ? 'warn' : null,
    plural(failed, 'job'),
    `and ${plural(errors, 'request')} (5xx), since the start`,
  );
}

/** Says how old everything is; of what the appliance says no to, why. */
export function showAges(poll) {
  const { at } = sources.ready;
  const asked = poll.busySince === null ? 0 : Date.now() - poll.busySince;
  const wait = asked > 2000 ? `, waiting for an answer for ${age(asked)}` : next(poll);
  setText(
    byId('asof'),
    at === null
      ? `Nothing is known yet${wait}`
      : `As of ${clock(at)}${silence ? ` (${age(Date.now() - at)} ago)` : ''}${wait}`,
  );
  for (const node of document.querySelectorAll('[data-from]')) freshen(node);
}

function next(poll) {
  if (document.hidden) return ', paused';
  if (!silence || poll.nextAt === null) return '';
  return `, asks again in ${age(Math.max(0, poll.nextAt - Date.now()))}`;
}

const PARTS = { queue: ['queued', 'running'] };

function freshen(node) {
  const parts = (PARTS[node.dataset.from] ?? [node.dataset.from]).map((name) => sources[name]);
  const one = parts.find(({ trouble }) => trouble !== null) ?? parts[0];
  const late = one.at !== null && Date.now() - one.at > OLD_MS + Math.max(one.every ?? 0, one.due - one.at);
  const isOld = silence !== null || one.trouble !== null || late;
  const isShut = one.at === null && (one.trouble?.status === 401 || one.trouble?.status === 403);
  node.classList.toggle('old', isOld && one.at !== null);
  node.classList.toggle('shut', isShut);
  const dated = [...node.children].find((child) => child.classList.contains('dated'));
  if (!dated) return;
  const text = isOld ? says(one, node.dataset.from) : '';
  show(dated, text !== '');
  setText(dated, text);
}

const WHAT = {
  jobs: 'list jobs',
  queue: 'list jobs',
  metrics: 'see metrics',
  failed: 'list jobs',
  identity: 'see whose appliance it is',
};

/** Why something is not shown, or is old. */
function says({ trouble, at, due }, from) {
  const old = at === null ? '' : ` What is shown is of ${clock(at)}.`;
  if (silence || trouble === null) return `The appliance does not answer.${old}`;
  if (!(trouble instanceof Refusal)) return `Of this there was ${trouble.message}.${old}`;
  if (trouble.status === 403) return `${token() ? 'This token' : 'Who has no token'} may not ${WHAT[from]}.`;
  if (trouble.status === 401) return `A token is needed to ${WHAT[from]}.`;
  const again = due > Date.now() ? ` It is asked again in ${age(due - Date.now())}.` : '';
  const why = trouble.problem?.detail ?? trouble.problem?.title ?? kindOf(trouble.problem?.type);
  return `The appliance says: ${why || trouble.kind} (${trouble.status}).${again}${old}`;
}
