// Puts the page together: asks in rounds, and shows what is known after each.
// May touch: every section, through the modules that they belong to.

import * as access from './access.js';
import { showBatches } from './batches.js';
import * as details from './details.js';
import { byId, setText } from './dom.js';
import * as jobs from './jobs.js';
import { Poll } from './poll.js';
import { showProblems } from './problems.js';
import { round } from './sources.js';
import { showAges, showStatus } from './status.js';
import * as times from './times.js';
import { showDevices, showIdentity, showQueue } from './work.js';

const CLOCK_MS = 1000;

function showAll() {
  showStatus();
  access.showAccess();
  jobs.showJobs(details.open);
  showQueue();
  showDevices();
  showIdentity();
  times.showTimes();
  showBatches();
  showProblems(details.open);
  details.showAge();
  showAges(poll);
}

const poll = new Poll(
  async () => {
    const answered = await round();
    if (answered) await details.refresh();
    showAll();
    return answered;
  },
  () => showAges(poll),
);

function askNow() {
  showAll();
  poll.now();
}

setText(byId('host'), location.host);
access.listen(askNow);
details.listen();
jobs.listen(askNow);
times.listen(showAll);
byId('ask-now').addEventListener('click', () => poll.now());
setInterval(() => {
  if (!document.hidden) showAges(poll);
}, CLOCK_MS);
poll.now();
