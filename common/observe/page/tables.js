// The tables that are made from /status, each as its columns and its rows.
import { purgeForm, renewServerButtons, renewWeight, serverButtons, weightField } from './orders.js';
import { element, setText, Table } from './table.js';
import { count, duration, milliseconds, percent, rate, size } from './text.js';

const states = { up: 'ok', down: 'bad', ejected: 'bad' };  // else: warn
const kinds = { connections: 'open connections', max_in_flight: 'requests to the upstream', concurrency: 'requests of the route' };
const isPage = /^http:\/\/[0-9a-f.:[\]]+\/$/;

function taken(now, most) {
  return most ? { text: `${count(now)} / ${count(most)}`, state: now >= most * 0.9 ? 'warn' : undefined } : count(now);
}

// Rows that keep their places: what is busiest in this second is not in the next.
function byTotal(rows) {
  return rows.toSorted((a, b) => b.total - a.total);
}

function nameOfServer(row) {
  return element('span', { title: row.address }, element('span'), element('a', { text: 'its page' }));
}

function renewName(host, row) {
  const [name, link] = host.children;
  setText(name, row.name);
  link.hidden = !isPage.test(row.page ?? '');
  if (!link.hidden) link.href = row.page;
}

function headingOf(upstream, breakers) {
  const breaker = breakers.find((one) => one.upstream === upstream.name);
  return {
    heading: upstream.name,
    more: [upstream.balance.replaceAll('_', ' '), upstream.queued ? `${count(upstream.queued)} queued` : '',
      upstream.max_in_flight ? `${count(upstream.in_flight)} of ${count(upstream.max_in_flight)} in flight` : '',
      upstream.discovery?.source ?? '', breaker ? `breaker ${breaker.state.replace('_', ' ')}` : ''].filter(Boolean).join(' · '),
  };
}

const upstreams = {
  title: 'Upstreams',
  wide: true,
  empty: 'no upstreams',
  key: (row) => (row.heading ? `u ${row.heading}` : `s ${row.upstream}\n${row.name}`),
  columns: [
    { title: 'Server', span: 4, build: nameOfServer, renew: renewName },
    { title: 'State', show: (row) => ({ text: row.backup ? `${row.state}, backup` : row.state, state: states[row.state] ?? 'warn' }) },
    { title: 'In flight', number: true, show: (row) => taken(row.in_flight, row.max_connections) },
    { title: 'Per second', number: true, show: (row) => rate(row.rate) },
    { title: 'Share', number: true, minor: true, show: (row) => ({ text: percent(row.share), share: row.share }) },
    { title: 'Response', number: true, show: (row) => milliseconds(row.response_ms) },
    { title: 'Failures', number: true, minor: true, show: (row) => count(row.failures) },
    { title: 'Why', last: true, long: true, show: (row) => ({ text: row.why || row.last_check, title: row.last_check }) },
    { title: 'Weight', number: true, minor: true, build: weightField, renew: renewWeight },
    { title: '', last: true, build: serverButtons, renew: renewServerButtons },
  ],
  rows(status) {
    const rates = new Map(status.traffic.servers.map((one) => [`${one.upstream}\n${one.server}`, one]));
    return status.upstreams.flatMap((upstream) => [
      headingOf(upstream, status.breakers ?? []),
      ...upstream.servers.map((server) => (
        { ...server, ...rates.get(`${upstream.name}\n${server.name}`), upstream: upstream.name })),
    ]);
  },
};

const routes = {
  title: 'Routes',
  wide: true,
  empty: 'no request yet',
  key: (row) => row.name,
  columns: [
    { title: 'Route', span: 4, show: (row) => ({ text: row.name, title: row.match }) },
    { title: 'Match', minor: true, long: true, show: (row) => row.match || 'no route was found' },
    { title: 'Per second', number: true, show: (row) => rate(row.rate) },
    { title: 'p50', number: true, minor: true, show: (row) => milliseconds(row.p50_ms) },
    { title: 'p99', number: true, show: (row) => milliseconds(row.p99_ms) },
    { title: '4xx/s', number: true, show: (row) => rate(row.client_errors) },
    { title: '429/s', number: true, minor: true, show: (row) => rate(row.too_many) },
    { title: '5xx/s', number: true, show: (row) => ({ text: rate(row.errors), tone: row.errors > 0 ? 'bad' : undefined }) },
    { title: 'From cache', number: true, minor: true, show: (row) => ({ text: percent(row.cache_share), share: row.cache_share ?? 0 }) },
    { title: 'Total', number: true, minor: true, show: (row) => count(row.total) },
  ],
  rows: (status) => byTotal(status.traffic.routes),
  note: ({ traffic }) => (traffic.routes_quiet > 0 ? `and ${count(traffic.routes_quiet)} more` : ''),
};

const listeners = {
  title: 'Listeners',
  key: (row) => row.name,
  columns: [
    { title: 'Listener', span: 3, show: (row) => row.name },
    { title: 'Address', span: 3, long: true, show: (row) => row.address },
    { title: 'Open', number: true, show: (row) => taken(row.open, row.max_connections) },
    { title: 'Ended/s', number: true, minor: true, show: (row) => rate(row.rate), only: 'lb' },
    { title: 'Refused/s', number: true, show: (row) => rate(row.refused), only: 'lb' },
    { title: 'Failed/s', number: true, show: (row) => rate(row.errors), only: 'lb' },
  ],
  rows(status) {
    const told = new Map((status.traffic.listeners ?? []).map((one) => [one.name, one]));
    return status.listeners.map((one) => ({ ...told.get(one.name), ...one }));
  },
};

const bounds = {
  title: 'Bounds',
  hides: true,
  key: (row) => `${row.kind} ${row.name}`,
  columns: [
    { title: 'Of', span: 4, show: (row) => row.name },
    { title: 'What', span: 6, show: (row) => kinds[row.kind] ?? row.kind },
    { title: 'Taken', number: true, show: (row) => taken(row.taken, row.limit) },
  ],
  rows: (status) => status.bounds ?? [],
};

const limits = {
  title: 'Rate limits',
  hides: true,
  key: (row) => row.name,
  columns: [
    { title: 'Limit', span: 4, long: true, show: (row) => row.name },
    { title: 'By', show: (row) => row.key.join(', ') },
    { title: 'Rate', minor: true, show: (row) => row.tiers.map((one) => one.rate ?? one.quota).join(', ') },
    { title: 'Allowed', number: true, show: (row) => count(row.allowed) },
    { title: 'Limited', number: true, show: (row) => count(row.limited) },
    { title: 'Reported', number: true, minor: true, show: (row) => count(row.reported) },
    { title: 'Keys', number: true, minor: true, show: (row) => count(row.keys) },
  ],
  rows: (status) => status.limits ?? [],
};

const refusals = {
  title: 'Answered by the gateway itself',
  hides: true,
  key: (row) => `${row.route} ${row.reason}`,
  columns: [
    { title: 'Reason', span: 4, show: (row) => row.reason },
    { title: 'Route', span: 4, long: true, show: (row) => row.route },
    { title: 'Per second', number: true, show: (row) => rate(row.rate) },
    { title: 'Total', number: true, show: (row) => count(row.total) },
  ],
  rows: (status) => byTotal((status.traffic.refusals ?? []).slice(0, 10)),
};

const caches = {
  title: 'Caches',
  wide: true,
  hides: true,
  key: (row) => row.name,
  columns: [
    { title: 'Cache', span: 3, long: true, show: (row) => row.name },
    { title: 'Holds', number: true, span: 3, show: (row) => ({ text: `${size(row.bytes)} / ${size(row.limit)}`, share: row.bytes / row.limit }) },
    { title: 'Entries', number: true, show: (row) => count(row.entries) },
    { title: 'Hits', number: true, show: (row) => count(row.hit) },
    { title: 'Misses', number: true, show: (row) => count(row.miss) },
    { title: 'Stale', number: true, minor: true, show: (row) => count(row.stale) },
    { title: 'Revalidated', number: true, minor: true, show: (row) => count(row.revalidated) },
    { title: 'Collapsed', number: true, minor: true, show: (row) => count(row.collapsed) },
    { title: 'Evicted', number: true, minor: true, show: (row) => count(row.evicted) },
    { title: '', last: true, build: purgeForm },
  ],
  rows: (status) => status.caches ?? [],
};

const certificates = {
  title: 'Certificates',
  hides: true,
  key: (row) => `${row.listener} ${row.names.join(' ')} ${row.not_after}`,
  columns: [
    { title: 'Names', span: 4, long: true, show: (row) => row.names.join(', ') || 'none' },
    { title: 'Listener', span: 3, show: (row) => row.listener },
    { title: 'Until', span: 3, show: (row) => ({ text: row.not_after.slice(0, 10), title: row.not_after }) },
    {
      title: 'Left', number: true,
      show: (row) => ({
        text: row.problem ?? duration(row.expires_in_s),
        state: row.problem ? 'bad' : row.expires_in_s < 14 * 86_400 ? 'warn' : 'ok',
      }),
    },
  ],
  rows: (status) => status.certificates ?? [],
};

const picks = {
  title: 'Last picks',
  hides: true,
  key: (row) => row.upstream,
  columns: [
    { title: 'Upstream', span: 3, show: (row) => row.upstream },
    { title: 'Picked', span: 3, show: (row) => row.server },
    { title: 'Ago', number: true, minor: true, show: (row) => milliseconds(row.ago_ms) },
    {
      title: 'Of', last: true, long: true,
      show: (row) => row.rivals.map((one) => `${one.server}: ${one.passed_over || `${count(one.in_flight)} in flight`}`
        + `${one.score === null ? '' : `, score ${one.score.toPrecision(3)}`}`).join('; '),
    },
  ],
  rows: (status) => status.upstreams.flatMap((upstream) => upstream.last_picks.slice(0, 1)
    .map((pick) => ({ ...pick, upstream: upstream.name }))),
};

const consumers = {
  title: 'Consumers',
  hides: true,
  key: (row) => `${row.provider} ${row.name}`,
  columns: [
    { title: 'Consumer', span: 4, long: true, show: (row) => ({ text: row.name, title: row.provider }) },
    { title: 'Per second', number: true, show: (row) => rate(row.rate) },
    { title: '4xx/s', number: true, show: (row) => rate(row.client_errors) },
    { title: '429/s', number: true, show: (row) => rate(row.too_many) },
    { title: '5xx/s', number: true, show: (row) => rate(row.errors) },
    { title: 'Last', number: true, minor: true, show: (row) => `${duration(row.last_ms / 1000)} ago` },
  ],
  rows: (told) => told.consumers,
  note: (told) => `the last ${duration(told.window_s)}${told.others > 0 ? `; ${count(told.others)} requests of others` : ''}`,
};

// One of the above, kept up to date by what its `rows` take.
class Shown {
  constructor(kind, program) {
    this.kind = kind;
    this.table = new Table({ ...kind, columns: kind.columns.filter((column) => !column.only || column.only === program) });
    this.table.card.classList.toggle('wide', Boolean(kind.wide));
    this.table.card.id = kind.title.toLowerCase().replaceAll(' ', '-');
  }

  update(told) {
    const rows = this.kind.rows(told);
    this.table.update(rows);
    this.table.card.hidden = Boolean(this.kind.hides) && rows.length === 0;
    if (this.kind.note) setText(this.table.note, this.kind.note(told));
  }
}

// Those of a program: the first ones, those as wide as they below the requests, and the narrow ones in two columns.
// `ofStatus` are renewed by /status, `consumers` by what is told of them.
export function tablesOf(program) {
  const of = (...kinds) => kinds.map((kind) => new Shown(kind, program));
  if (program === 'lb') {
    const made = { first: of(upstreams), wide: [], left: of(listeners, certificates), right: of(picks) };
    return { ...made, ofStatus: [...made.first, ...made.left, ...made.right] };
  }
  const made = {
    first: of(upstreams, routes), wide: of(caches), left: of(refusals, listeners, picks), right: of(limits, bounds, certificates),
  };
  const ofStatus = Object.values(made).flat();
  const [called] = of(consumers);
  return { ...made, right: [...made.right, called], consumers: called, ofStatus };
}
