// Numbers as a person reads them.

const none = '–';
const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

function is(value) {
  return typeof value === 'number' && Number.isFinite(value);
}

export function count(value) {
  return is(value) ? plain.format(value) : none;
}

// Per second.
export function rate(value) {
  if (!is(value)) return none;
  if (value > 0 && value < 0.1) return '<0.1';
  return value < 9.95 && !Number.isInteger(value) ? value.toFixed(1) : plain.format(value);
}

export function milliseconds(value) {
  if (!is(value)) return none;
  if (value === 0) return '0 ms';
  if (value >= 9950) return `${(value / 1000).toFixed(0)} s`;
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  if (value >= 9.95) return `${value.toFixed(0)} ms`;
  return `${value.toFixed(value < 1 ? 2 : 1)} ms`;
}

export function percent(share) {
  if (!is(share)) return none;
  const value = share * 100;
  if (value > 0 && value < 0.1) return '<0.1 %';
  return `${value.toFixed(value > 0 && value < 9.95 ? 1 : 0)} %`;
}

function scaled(value, units, step) {
  if (!is(value)) return none;
  let at = 0;
  for (; value >= step * 0.9995 && at + 1 < units.length; at += 1) value /= step;
  return `${value < 9.95 && value > 0 && at > 0 ? value.toFixed(1) : value.toFixed(0)} ${units[at]}`;
}

// What flows.
export function bytes(value) {
  return scaled(value, ['B', 'kB', 'MB', 'GB', 'TB'], 1000);
}

// What is held, in the units of the configuration.
export function size(value) {
  return scaled(value, ['B', 'KiB', 'MiB', 'GiB', 'TiB'], 1024);
}

export function duration(seconds) {
  if (!is(seconds)) return none;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

// The time of day; with seconds unless `coarse`.
export function clock(time, coarse = false) {
  const seconds = coarse ? {} : { second: '2-digit' };
  return new Date(time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', ...seconds, hourCycle: 'h23' });
}

export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}
