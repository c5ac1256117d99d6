// The page: asks the program how it is once a second, as long as somebody looks, and shows it.
import { askJson, giveToken, Refused } from './ask.js';
import { Charts } from './charts.js';
import { explainBox } from './explain.js';
import { reloadButton, whenOrdered } from './orders.js';
import { Requests } from './requests.js';
import { element, setText } from './table.js';
import { tablesOf } from './tables.js';
import { clock, count, duration, milliseconds, percent, rate, size } from './text.js';
import { verdict } from './verdict.js';

const everyMs = 1000;
const members = 'configuration,listeners,upstreams,breakers,caches,limits,bounds,certificates,traffic';
const requestsEvery = 3;  // turns: the workers are asked for these
const mostProblems = 6;

const at = (id) => document.getElementById(id);
let shown = null;  // what depends on the program, once it is known
let asking = false;
let turns = 0;
let history = { next: 0, begun: 0 };

function figures(program) {
  const titles = [program === 'lb' ? 'Connections per second' : 'Requests per second',
    program === 'lb' ? 'Failed' : 'Errors (5xx)', 'Response p50', 'Response p99', 'Open connections', 'CPU and memory'];
  const tiles = titles.map((title) => {
    const tile = element('div', { className: 'card figure' }, element('h2', { text: title }), element('p'),
      element('small', { className: 'quiet' }));
    at('figures').append(tile);
    return tile;
  });
  return (status, newest) => {
    const { traffic } = status;
    const share = traffic.rate > 0 ? traffic.errors / traffic.rate : 0;
    const texts = [
      [rate(traffic.rate), traffic.refused > 0 ? `${rate(traffic.refused)}/s refused` : 'none refused'],
      [percent(share), `${rate(traffic.errors)} per second`],
      [milliseconds(traffic.p50_ms), `the last ${Math.round(traffic.window_s)} s`],
      [milliseconds(traffic.p99_ms), `the last ${Math.round(traffic.window_s)} s`],
      [count(traffic.active), `${count(status.upstreams.flatMap((one) => one.servers).reduce((sum, server) => sum + server.in_flight, 0))} in flight to servers`],
      [newest ? percent(newest.cpu) : '–', newest ? size(newest.memory) : ''],
    ];
    tiles.forEach((tile, i) => {
      setText(tile.children[1], texts[i][0]);
      setText(tile.children[2], texts[i][1]);
    });
    tiles[1].dataset.state = share >= 0.1 ? 'bad' : share >= 0.01 ? 'warn' : '';
  };
}

function showFacts(status) {
  const { generation, last_reload: reload } = status.configuration;
  const facts = [
    ['State', status.state],
    ['Generation', count(generation)],
    ['Last reload', reload ? `${reload.result}, ${clock(reload.time)}` : 'none yet'],
    ['Up', duration(status.uptime_seconds)],
  ];
  const host = at('facts');
  if (host.children.length === 0) {
    for (const [name] of facts) host.append(element('div', {}, element('dt', { text: name }), element('dd')));
  }
  facts.forEach(([, text], i) => setText(host.children[i].lastChild, text));
}

function showVerdict({ level, text, problems }) {
  const host = at('verdict');
  host.dataset.level = level;
  setText(host.firstElementChild, text);
  const list = host.lastElementChild;
  const told = problems.slice(0, mostProblems).map((problem) => problem.text);
  if (problems.length > mostProblems) told.push(`and ${problems.length - mostProblems} more`);
  while (list.children.length > told.length) list.lastChild.remove();
  told.forEach((line, i) => setText(list.children[i] ?? list.appendChild(element('li')), line));
}

function begin(program) {
  at('content').hidden = false;
  const tables = tablesOf(program);
  const requests = new Requests(program);
  const cards = (of) => of.map(({ table }) => table.card);
  at('tables').append(...cards(tables.first), requests.errors.card, requests.table.card, ...cards(tables.wide));
  const [left, right] = at('columns').children;
  left.append(...cards(tables.left));
  right.append(...cards(tables.right));
  if (program === 'gateway') at('last').append(explainBox());
  at('reload').append(reloadButton());
  shown = { figures: figures(program), charts: new Charts(at('charts'), program), tables, requests };
}

async function whatWorkersRemember() {
  if (turns++ % requestsEvery !== 0) return;
  await shown.requests.renew(askJson);
  if (shown.tables.consumers) shown.tables.consumers.update(await askJson('consumers?limit=20'));
}

async function newSamples() {
  let told = await askJson(`history?since=${history.next}`);
  if (told.begun !== history.begun) {  // another process: its numbers are its own
    if (history.next > 0) told = await askJson('history');
    shown.charts.clear();
  }
  history = told;
  shown.charts.add(told.columns, told.samples);
}

async function look() {
  const status = await askJson(`status?only=${members}`);
  if (!shown) begin(status.program);
  const now = verdict(status);
  setText(at('program'), status.program);
  setText(at('process'), `version ${status.version} · process ${status.pid}`);
  document.title = `${status.program}: ${now.text.toLowerCase()}`;
  showFacts(status);
  showVerdict(now);
  await newSamples();
  shown.figures(status, shown.charts.samples.at(-1));
  for (const one of shown.tables.ofStatus) one.update(status);
  await whatWorkersRemember();
}

// What fetch() throws is worded by each browser in its own way.
function whyNot(error) {
  if (error.name === 'TimeoutError') return 'no answer within 10 s; it is asked again';
  if (error instanceof TypeError) return 'no connection to it; it is tried again every second';
  return error.message;
}

function showFailure(error) {
  if (error instanceof Refused && error.status === 401) {
    at('token-form').hidden = false;
    at('content').hidden = true;
    return;
  }
  at('content').dataset.stale = '';
  showVerdict({ level: 'bad', text: 'The program does not answer', problems: [{ text: whyNot(error) }] });
}

async function turn() {
  if (asking || document.hidden) return;
  asking = true;
  try {
    await look();
    at('token-form').hidden = true;
    delete at('content').dataset.stale;
    at('content').hidden = false;
  } catch (error) {
    showFailure(error);
  } finally {
    asking = false;
  }
}

at('token-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  giveToken(at('token').value);
  at('token').value = '';
  await turn();
  setText(at('token-error'), at('token-form').hidden ? '' : 'That is not the token.');
});
document.addEventListener('visibilitychange', turn);
whenOrdered(turn);
setInterval(turn, everyMs);
turn();
