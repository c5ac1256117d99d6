// The tables of the page, each from /status to rows.
import { Table } from './table.js';
import { count, milliseconds, percent, rate } from './text.js';

const bad = ['down', 'ejected'];
const uneasy = ['suspect', 'checking', 'draining', 'disabled'];

export function stateOf(word) {
  if (bad.includes(word)) return 'bad';
  return uneasy.includes(word) ? 'warn' : 'ok';
}

function upstreams() {
  const table = new Table({
    title: 'Upstreams',
    empty: 'no upstreams',
    key: (row) => (row.heading ? `u ${row.heading}` : `s ${row.upstream}\n${row.name}`),
    columns: [
      { title: 'Server', show: (row) => ({ text: row.name, title: row.address }) },
      { title: 'State', show: (row) => ({ text: row.backup ? `${row.state}, backup` : row.state, state: stateOf(row.state) }) },
      { title: 'Weight', number: true, minor: true, show: (row) => rate(row.weight) },
      {
        title: 'In flight', number: true,
        show: (row) => (row.max_connections ? `${count(row.in_flight)} / ${count(row.max_connections)}` : count(row.in_flight)),
      },
      { title: 'Per second', number: true, show: (row) => rate(row.rate) },
      { title: 'Share', number: true, minor: true, show: (row) => ({ text: percent(row.share), share: row.share }) },
      { title: 'Response', number: true, show: (row) => milliseconds(row.response_ms) },
      { title: 'Failures', number: true, minor: true, show: (row) => count(row.failures) },
      { title: 'Why', show: (row) => ({ text: row.why || row.last_check, title: row.last_check }) },
    ],
  });
  return {
    table,
    rows(status) {
      const rates = new Map(status.traffic.servers.map((one) => [`${one.upstream}\n${one.server}`, one]));
      return status.upstreams.flatMap((upstream) => [
        {
          heading: upstream.name,
          more: [upstream.balance.replaceAll('_', ' '), upstream.queued ? `${upstream.queued} queued` : '',
            upstream.max_in_flight ? `${count(upstream.in_flight)} of ${count(upstream.max_in_flight)} in flight` : '',
            upstream.discovery?.source ?? ''].filter(Boolean).join(' · '),
        },
        ...upstream.servers.map((server) => (
          { ...server, ...rates.get(`${upstream.name}\n${server.name}`), upstream: upstream.name })),
      ]);
    },
  };
}

function listeners() {
  const table = new Table({
    title: 'Listeners',
    key: (row) => row.name,
    columns: [
      { title: 'Listener', show: (row) => row.name },
      { title: 'Address', show: (row) => row.address },
    ],
  });
  return { table, rows: (status) => status.listeners };
}

export class Tables {
  constructor(host) {
    this.all = [upstreams(), listeners()];
    host.append(...this.all.map(({ table }) => table.card));
  }

  update(status) {
    for (const { table, rows } of this.all) table.update(rows(status));
  }
}
