// The charts: the last 15 minutes, which the program itself keeps.
import { bytes, clock, count, milliseconds, percent, rate, size } from './text.js';
import { element, setText } from './table.js';

/* global Chart */
const spanMs = 15 * 60_000;  // that the program keeps
const leastMs = 2 * 60_000;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

const lines = (program) => [
  {
    title: program === 'lb' ? 'Connections per second' : 'Requests per second',
    unit: rate,
    series: [
      { column: 'rate', label: 'all', colour: 'blue', fill: true },
      { column: 'refused', label: program === 'lb' ? 'refused' : '4xx', colour: 'amber' },
      { column: 'errors', label: program === 'lb' ? 'failed' : '5xx', colour: 'red' },
    ],
  },
  {
    title: program === 'lb' ? 'Response time of the servers' : 'Response time',
    unit: milliseconds,
    series: [
      { column: 'p50_ms', label: 'p50', colour: 'blue' },
      { column: 'p99_ms', label: 'p99', colour: 'violet' },
    ],
  },
  { title: 'Open connections', unit: count, series: [{ column: 'active', label: 'open', colour: 'teal', fill: true }] },
  {
    title: 'Bytes per second',
    unit: bytes,
    series: [
      { column: 'bytes_in', label: 'from clients', colour: 'teal' },
      { column: 'bytes_out', label: 'to clients', colour: 'violet' },
    ],
  },
  { title: 'CPU', unit: percent, series: [{ column: 'cpu', label: 'of one core', colour: 'blue', fill: true }] },
  { title: 'Resident memory', unit: size, series: [{ column: 'memory', label: 'resident', colour: 'teal' }] },
];

// Sizes are read in powers of two: at most four steps up to the greatest.
function binaryStep(values) {
  return 2 ** Math.ceil(Math.log2(Math.max(1024, ...values) / 3.5));
}

function tick(time) {
  return clock(time, this.max - this.min > 5 * 60_000);
}

function options(unit) {
  return {
    animation: false,
    parsing: false,
    normalized: true,
    maintainAspectRatio: false,
    interaction: { mode: 'index', intersect: false, axis: 'x' },
    scales: {
      x: { type: 'linear', grid: { display: false }, ticks: { maxTicksLimit: 6, maxRotation: 0, callback: tick } },
      y: {
        beginAtZero: true, suggestedMax: 0.1, grace: '5%', border: { display: false },
        ticks: { maxTicksLimit: 5, callback: (value) => unit(value).replace('.0 ', ' ') },
      },
    },
    plugins: {
      legend: { display: false },
      tooltip: {
        callbacks: {
          title: (items) => (items.length ? clock(items[0].parsed.x) : ''),
          label: (item) => ` ${item.dataset.label}: ${unit(item.parsed.y)}`,
        },
      },
    },
  };
}

// What each line is, with its newest value; beside the title, where a narrow chart has room for it.
function legendOf(series) {
  return series.map(({ label, colour: name }) => {
    const made = element('span', {}, label, element('b'));
    made.style.setProperty('--dot', `var(--${name})`);
    return made;
  });
}

export class Charts {
  constructor(host, program) {
    this.samples = [];
    this.charts = lines(program).map(({ title, unit, series }) => {
      const canvas = element('canvas');
      canvas.setAttribute('role', 'img');
      canvas.setAttribute('aria-label', `${title}, the last 15 minutes`);
      const legend = legendOf(series);
      host.append(element('section', { className: 'card chart' },
        element('div', { className: 'legend' }, element('h2', { text: title }), ...legend),
        element('div', { className: 'plot' }, canvas)));
      const datasets = series.map(({ column, label, fill }) => (
        { column, label, fill: fill ? 'origin' : false, data: [], borderWidth: 1.5, pointRadius: 0, pointHitRadius: 0 }));
      const chart = new Chart(canvas, { type: 'line', data: { datasets }, options: options(unit) });
      return { chart, series, legend, unit };
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#paint());
    this.#paint();
  }

  #paint() {
    const quiet = colour('quiet');
    const grid = colour('grid');
    for (const { chart, series } of this.charts) {
      chart.data.datasets.forEach((set, i) => {
        const own = colour(series[i].colour);
        Object.assign(set, { borderColor: own, backgroundColor: set.fill ? `${own}26` : own });
      });
      const { x, y } = chart.options.scales;
      x.ticks.color = y.ticks.color = quiet;
      x.grid.color = y.grid.color = y.grid.borderColor = x.grid.borderColor = grid;
      chart.update('none');
    }
  }

  // A sample for each second, the newest last.
  add(columns, samples) {
    for (const values of samples) {
      this.samples.push(Object.fromEntries(columns.map((name, i) => [name, values[i]])));
    }
    if (samples.length > 0) this.draw();
  }

  clear() {
    this.samples = [];
  }

  draw() {
    const newest = this.samples.at(-1)?.time ?? Date.now();
    this.samples = this.samples.filter((sample) => sample.time > newest - spanMs);
    const age = newest - (this.samples[0]?.time ?? newest);
    const span = Math.min(spanMs, Math.max(leastMs, Math.ceil(age / 60_000) * 60_000));
    for (const { chart, series, legend, unit } of this.charts) {
      series.forEach(({ column }, i) => setText(legend[i].lastChild, unit(this.samples.at(-1)?.[column])));
      Object.assign(chart.options.scales.x, { min: newest - span, max: newest });
      chart.options.scales.x.ticks.stepSize = span / 5;
      if (unit === size) {
        chart.options.scales.y.ticks.stepSize = binaryStep(this.samples.map((sample) => sample[series[0].column] ?? 0));
      }
      chart.data.datasets.forEach((set, i) => {
        set.data = this.samples.map((sample) => ({ x: sample.time, y: sample[series[i].column] ?? NaN }));
      });
      chart.update('none');
    }
  }
}
