// What a person should know first: is all well, and if not, what is wrong. From /status alone.
import { duration, percent, plural, rate } from './text.js';

const broken = { down: 'is down', ejected: 'is left out', suspect: 'does not answer' };
const ordered = { draining: 'drains', disabled: 'is disabled' };

function ofServers(upstream) {
  const problems = [];
  const up = upstream.servers.filter((server) => server.state === 'up' || server.state === 'suspect');
  if (upstream.servers.length === 0) {
    problems.push({ level: 'bad', text: `${upstream.name} has no servers` });
  } else if (up.length === 0) {
    problems.push({ level: 'bad', text: `No server of ${upstream.name} can be used` });
  }
  for (const server of upstream.servers) {
    const what = broken[server.state] ?? ordered[server.state];
    if (!what) continue;
    const level = broken[server.state] ? 'warn' : 'note';
    problems.push({ level, text: `${upstream.name}: ${server.name} ${what}${server.why ? `: ${server.why}` : ''}` });
  }
  if (upstream.queued > 0) {
    problems.push({ level: 'warn', text: `${plural(upstream.queued, 'client')} wait for a server of ${upstream.name}` });
  }
  if (upstream.discovery?.error) {
    problems.push({ level: 'warn', text: `${upstream.name}: ${upstream.discovery.source}: ${upstream.discovery.error}` });
  }
  return problems;
}

function ofTraffic(status) {
  const { rate: all, errors } = status.traffic;
  if (!(all > 0) || errors / all < 0.01) return [];
  const what = status.program === 'lb' ? 'connections fail' : 'requests end with 5xx';
  return [{ level: errors / all < 0.1 ? 'warn' : 'bad', text: `${percent(errors / all)} of ${what} (${rate(errors)}/s)` }];
}

function ofProcess(status) {
  const problems = [];
  if (status.state !== 'ready') problems.push({ level: 'warn', text: `The process is ${status.state}` });
  const reload = status.configuration.last_reload;
  if (reload?.result === 'failed') {
    problems.push({ level: 'warn', text: `The last reload failed, nothing has changed: ${reload.error}` });
  }
  for (const breaker of status.breakers ?? []) {
    if (breaker.state !== 'closed') {
      problems.push({ level: 'bad', text: `The breaker of ${breaker.upstream} is ${breaker.state.replace('_', ' ')}` });
    }
  }
  return problems;
}

const soonS = 14 * 86_400;

function ofBounds(status) {
  const problems = [];
  for (const one of status.certificates ?? []) {
    if (one.problem === null && one.expires_in_s > soonS) continue;
    const text = `The certificate of ${one.names[0] ?? 'no name'} at ${one.listener} `
      + (one.problem ?? `expires in ${duration(one.expires_in_s)}`);
    problems.push({ level: one.problem === null ? 'warn' : 'bad', text });
  }
  const bounds = [...(status.bounds ?? []).map((one) => [one.name, one.taken, one.limit]),
    ...status.listeners.map((one) => [`listener ${one.name}`, one.open, one.max_connections])];
  for (const [name, taken, most] of bounds) {
    if (most > 0 && taken >= 0.9 * most) problems.push({ level: 'warn', text: `${name} is at its limit: ${taken} of ${most}` });
  }
  return problems;
}

const order = ['bad', 'warn', 'note'];

export function verdict(status) {
  const problems = [...ofProcess(status), ...ofTraffic(status), ...ofBounds(status), ...status.upstreams.flatMap(ofServers)];
  problems.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
  const level = problems.length > 0 && problems[0].level !== 'note' ? problems[0].level : 'ok';
  const wrong = problems.filter((problem) => problem.level !== 'note').length;
  return { level, problems, text: wrong === 0 ? 'All is well' : plural(wrong, 'thing needs', 'things need') + ' a look' };
}
