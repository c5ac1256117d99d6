// The requests or connections that the program remembers: the slowest, the newest, and those that failed.
import { element, Table } from './table.js';
import { bytes, clock, milliseconds } from './text.js';

const names = { queue: 'queue', auth: 'auth', limit: 'limit', cache: 'cache', connect: 'connect', first_byte: 'first byte', body: 'body' };

// What a step was about, as pieces of time from the request's head on.
function pieces(step, end) {
  const from = step.at_ms;
  const to = from + step.took_ms;
  if (step.kind !== 'attempt') return [[step.kind, from, to]];
  const picked = step.picked_at_ms ?? to;
  const asked = step.connected_at_ms ?? picked;
  const answered = step.answered_at_ms ?? to;
  return [['queue', from, picked], ['connect', picked, asked], ['first_byte', asked, answered], ['body', answered, Math.min(to, end)]];
}

function line(step, request) {
  const track = element('div', { className: 'track' });
  const all = Math.max(request.duration_ms, 0.001);
  for (const [phase, from, to] of pieces(step, request.duration_ms)) {
    if (!(to > from)) continue;
    const bar = element('i', { title: `${names[phase] ?? phase}: ${milliseconds(to - from)}` });
    bar.dataset.phase = phase;
    bar.style.setProperty('--from', `${(from / all) * 100}%`);
    bar.style.setProperty('--width', `${((to - from) / all) * 100}%`);
    track.append(bar);
  }
  const outcome = step.error ?? step.result ?? step.status ?? '';
  const of = step.part ? `${step.part}: ` : '';
  const what = of + (step.kind === 'attempt' ? (step.server ?? step.name) : `${step.kind} ${step.name}`);
  return element('div', { className: 'step' }, track, element('small', { className: 'quiet', text: `${what} ${outcome}` }));
}

// The phases in words, and each step as a line of time.
function phases(request) {
  const words = Object.entries(names).map(([key, word]) => {
    const took = request.phases[`${key}_ms`];
    if (took === null || took < 0.005) return null;
    const made = element('span', { text: `${word} ${milliseconds(took)}` });
    made.dataset.phase = key;
    return made;
  }).filter(Boolean);
  return element('div', { className: 'phases' }, element('div', { className: 'words' }, ...words),
    ...request.steps.map((step) => line(step, request)));
}

const id = { title: 'Id', minor: true, show: (row) => ({ text: row.id, title: row.trace ? `trace ${row.trace}` : '' }) };

function outcome(row) {
  const status = row.status ?? 'none';
  return { text: row.reason ? `${status} ${row.reason}` : String(status), state: row.status === null || row.status >= 500 ? 'bad' : 'ok' };
}

const request = { title: 'Request', span: 6, long: true, show: (row) => ({ text: `${row.method} ${row.path}`, title: row.host }) };
const when = { title: 'Ended', minor: true, show: (row) => clock(row.time) };

const gateway = {
  title: 'Requests',
  path: 'requests?limit=10',
  columns: [
    { title: 'Took', number: true, show: (row) => milliseconds(row.duration_ms) },
    request,
    { title: 'Route', minor: true, show: (row) => row.route ?? 'none' },
    { title: 'Status', span: 4, show: outcome },
    { title: 'Where the time went', last: true, build: phases },
    when, id,
  ],
  errors: [
    when, request,
    { title: 'Status', span: 4, show: outcome },
    { title: 'Route', minor: true, show: (row) => row.route ?? 'none' },
    { title: 'Server', span: 3, show: (row) => row.server ?? row.upstream ?? '' },
    { title: 'Took', number: true, show: (row) => milliseconds(row.duration_ms) },
    { title: 'Id', span: 3, show: id.show },
  ],
};

const lb = {
  title: 'Open connections',
  path: 'connections?limit=10',
  columns: [
    { title: 'Waits', number: true, show: (row) => (row.waiting_ms > 0 ? milliseconds(row.waiting_ms) : '') },
    { title: 'Phase', show: (row) => row.phase.replaceAll('_', ' ') },
    { title: 'Client', span: 3, show: (row) => row.client ?? 'local' },
    { title: 'Listener', minor: true, show: (row) => row.listener },
    { title: 'Server', span: 3, show: (row) => row.server ?? row.upstream ?? '' },
    { title: 'Age', number: true, show: (row) => milliseconds(row.age_ms) },
    { title: 'Connect', number: true, minor: true, show: (row) => milliseconds(row.connect_ms) },
    { title: 'First byte', number: true, minor: true, show: (row) => milliseconds(row.first_byte_ms) },
    { title: 'From client', number: true, minor: true, show: (row) => bytes(row.bytes_in) },
    { title: 'To client', number: true, minor: true, show: (row) => bytes(row.bytes_out) },
    { title: 'Id', minor: true, show: (row) => row.id },
  ],
  errors: [
    when,
    { title: 'End', span: 4, show: (row) => ({ text: row.end, state: 'bad' }) },
    { title: 'Client', span: 3, show: (row) => row.client ?? 'local' },
    { title: 'Listener', minor: true, show: (row) => row.listener },
    { title: 'Server', span: 3, show: (row) => row.server ?? row.upstream ?? '' },
    { title: 'Attempts', number: true, minor: true, show: (row) => row.attempts },
    { title: 'Lasted', number: true, show: (row) => milliseconds(row.duration_ms) },
    { title: 'Id', span: 3, show: (row) => row.id },
  ],
};

// Two tables: what is remembered, by choice the slowest or the newest, and the last errors.
export class Requests {
  constructor(program) {
    const kind = program === 'lb' ? lb : gateway;
    this.path = kind.path;
    this.chosen = 'slowest';
    this.table = new Table({ title: kind.title, columns: kind.columns, key: (row) => row.id, empty: 'none just now' });
    this.errors = new Table({ title: 'Last errors', columns: kind.errors, key: (row) => row.id, empty: 'none' });
    this.table.card.id = 'requests';
    this.errors.card.id = 'errors';
    const choices = ['slowest', 'newest'].map((name) => {
      const made = element('button', { text: name });
      made.type = 'button';
      made.ariaPressed = String(name === this.chosen);
      made.addEventListener('click', () => {
        this.chosen = name;
        choices.forEach((one) => { one.ariaPressed = String(one === made); });
        this.#show();
      });
      return made;
    });
    this.table.heading.append(element('span', { className: 'choice' }, ...choices));
  }

  #show() {
    if (this.told) this.table.update(this.told[this.chosen]);
  }

  async renew(askJson) {
    const [told, errors] = await Promise.all([askJson(this.path), askJson('errors?limit=10')]);
    this.told = told;
    this.#show();
    this.errors.update(errors.errors);
  }
}
