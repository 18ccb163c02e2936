// The queue by kind, the devices, and who this appliance is.
// May touch: those three sections.

import { atLeast, queue } from './concerns.js';
import { byId, el, facts, rows, setText, show } from './dom.js';
import { age, bytes, count, kindName, plural } from './format.js';
import { samples, total, value } from './metrics.js';
import { load } from './plots.js';
import { isCounted, serverNow, sources } from './sources.js';

/** Shows what waits and runs. */
export function showQueue() {
  const all = queue();
  show(byId('queue-table'), all.isKnown);
  const most = Math.max(...all.byKind.map(({ waits, runs }) => waits + runs));
  rows(
    byId('queue'),
    all.isKnown ? all.byKind : [],
    ({ kind }) => kind,
    ({ kind, waits, runs }) => [
      `${kindName(kind)}s`,
      atLeast(waits, all.isAll),
      atLeast(runs, all.isAll),
      load(runs, waits, most),
    ],
  );
  const since = (time) => (time === null ? null : age(serverNow() - time));
  const more = all.isAll ? '' : ' or longer';
  facts(byId('queue-facts'), [
    ['Oldest waits', all.oldest === null ? null : since(all.oldest) + more],
    ['Longest at work', all.longest === null ? null : since(all.longest) + more],
  ]);
  const says = isCounted() ? 'Counted by the appliance.' : 'Counted from lists of the jobs that may be seen.';
  setText(byId('queue-says'), all.isKnown ? says : '');
}

/** Shows the backends, and what they did. */
export function showDevices() {
  const families = sources.metrics.value;
  const backends = samples(families, 'pulseproof_backend_in_service');
  show(byId('devices-table'), backends.length > 0);
  const of = (name, backend) => total(families, name, (labels) => labels.backend === backend);
  rows(
    byId('devices'),
    backends,
    ({ labels }) => labels.backend,
    ({ labels: { backend }, value: inService }) => [
      backend,
      el(
        'span',
        { class: 'badge', 'data-tone': inService ? 'ok' : 'bad' },
        inService ? 'in service' : 'out of service',
      ),
      count(of('pulseproof_proofs_total', backend) + of('pulseproof_groth16_proofs_total', backend)),
      plural(of('pulseproof_backend_failures_total', backend), 'job'),
    ],
  );
  const keys = samples(families, 'pulseproof_circuit_key_resident_bytes').map(({ labels, value: held }) => [
    `Circuits’ keys, ${labels.backend}`,
    `${bytes(held)} in memory`,
  ]);
  const engines = samples(families, 'pulseproof_programs_total').map(
    ({ labels: { engine }, value: done }) => {
      const bootstraps = total(families, 'pulseproof_bootstraps_total', (labels) => labels.engine === engine);
      return [`Engine ${engine}`, `${plural(done, 'program')}, ${plural(bootstraps, 'bootstrap')}`];
    },
  );
  facts(byId('devices-facts'), [...engines, ...keys]);
}

/** Shows the key, the version and the SRS. */
export function showIdentity() {
  const { value: health } = sources.health;
  const key = sources.identity.value?.key;
  const begun = value(sources.metrics.value, 'process_start_time_seconds');
  const code = (text) => (text === undefined ? null : el('code', {}, String(text)));
  facts(byId('identity'), [
    ['Version', health?.version],
    ['Up for', begun === null ? null : age(serverNow() - begun * 1000)],
    ['Curve', health?.curve],
    ['SRS', code(health?.srs)],
    ['SRS is for', health ? (health.warning ? 'development: INSECURE' : 'use, from a ceremony') : null],
    ['Key that it signs with', code(key)],
  ]);
}
