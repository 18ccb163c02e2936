// Batches of bootstraps, and how full they are.
// May touch: the section of batches.

import { byId, el, facts, keyed, setText } from './dom.js';
import { count, percent, percentile, plural } from './format.js';
import { quantile, total } from './metrics.js';
import { columns } from './plots.js';
import { sources } from './sources.js';
import { chosen, over } from './times.js';

/** Shows each engine's batches. */
export function showBatches() {
  const fills = chosen('pulseproof_bootstrap_batch_fill_ratio');
  const says = fills.length
    ? `Drawn: how many batches were how full, up to each share of their room, ${over()}.`
    : `There was no batch ${over()}.`;
  setText(byId('batches-says'), sources.metrics.value === null ? '' : says);
  keyed(byId('batches'), fills, ({ labels }) => labels.engine ?? '', make, update);
}

function make({ labels }) {
  return el(
    'div',
    { class: 'engine' },
    el('h3', {}, labels.engine ?? ''),
    el('div', { class: 'fills' }),
    el('dl', { class: 'facts' }),
  );
}

function update(node, fill) {
  const drawn = columns(parts(fill));
  const place = node.querySelector('.fills');
  if (!place.firstChild?.isEqualNode(drawn)) place.replaceChildren(drawn);
  const { engine } = fill.labels;
  const of = (name) => chosen(name).find(({ labels }) => labels.engine === engine);
  const p95 = (name) => (of(name) ? percentile(quantile(of(name), 0.95)) : null);
  const regions = of('pulseproof_bootstrap_batch_regions');
  const failed = total(
    sources.metrics.value,
    'pulseproof_bootstrap_batches_total',
    (labels) => labels.engine === engine && labels.outcome === 'failed',
  );
  facts(node.querySelector('dl'), [
    ['Batches', count(fill.count)],
    ['Failed, since the start', plural(failed, 'batch', 'batches')],
    ['Full on average', percent(fill.sum / fill.count)],
    [
      'Regions in one, on average',
      regions ? String(Math.round((regions.sum / regions.count) * 10) / 10) : null,
    ],
    ['Its oldest waited, p95', p95('pulseproof_bootstrap_batch_wait_seconds')],
    ['A batch took, p95', p95('pulseproof_bootstrap_batch_seconds')],
  ]);
}

/** How many batches were in each bucket of fill, which is above the one before. */
function parts({ buckets }) {
  let below = 0;
  return buckets
    .filter(({ le }) => le !== Infinity)
    .map(({ le, count: upTo }) => {
      const number = upTo - below;
      below = upTo;
      return { name: `${Math.round(le * 100)}\u00a0%`, number };
    });
}
