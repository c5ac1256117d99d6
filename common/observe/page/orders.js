// What a person orders by the page's buttons, and what came of it.
import { ask } from './ask.js';
import { element, setText } from './table.js';

let timer = 0;

// Says a sentence at the foot of the page for some seconds.
export function say(text, level = 'ok') {
  const host = document.getElementById('said');
  setText(host, text);
  host.dataset.level = level;
  host.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => { host.hidden = true; }, 8000);
}

const after = [];

// `look` is called when an order was carried out.
export function whenOrdered(look) {
  after.push(look);
}

// `done(answer)`: a sentence of an answer that came.
export async function order(path, options, done) {
  try {
    say(await done(await ask(path, options)));
    after.forEach((look) => look());
  } catch (error) {
    say(error.message, 'bad');
  }
}

export function button(text, act, title) {
  const made = element('button', { text, title });
  made.type = 'button';
  made.addEventListener('click', async () => {
    made.disabled = true;
    await act();
    made.disabled = false;
  });
  return made;
}

function serverPath(row, verb) {
  return `upstreams/${encodeURIComponent(row.upstream)}/servers/${encodeURIComponent(row.name)}/${verb}`;
}

async function serverSentence(answer) {
  const told = await answer.json();
  const now = told.after.order ? `${told.after.order} is ordered` : 'enabled';
  return `${told.upstream}: ${told.server}: ${now}, weight ${told.after.weight}${told.changed ? '' : ' (as before)'}`;
}

// The buttons of a server's row: those that change something.
export function serverButtons(row) {
  const orders = [
    ['drain', 'Drain', 'nothing new; what it has goes on'],
    ['disable', 'Disable', 'the same, shown as out of service'],
    ['enable', 'Enable', 'state and weight are the file\'s again'],
  ].map(([verb, text, title]) => {
    const made = button(text, () => order(serverPath(row, verb), { method: 'POST' }, serverSentence), title);
    made.dataset.verb = verb;
    return made;
  });
  return element('div', { className: 'orders' }, ...orders);
}

export function renewServerButtons(host, row) {
  const changed = row.order !== null || row.runtime_weight !== null;
  for (const made of host.children) {
    made.hidden = made.dataset.verb === 'enable' ? !changed : row.order !== null;
  }
}

// The weight as a field; what is typed is ordered.
export function weightField(row) {
  const field = element('input', { className: 'weight', title: 'weight: 0 to 256; Enable takes the file\'s' });
  Object.assign(field, { type: 'number', min: 0, max: 256, ariaLabel: `weight of ${row.name}` });
  field.addEventListener('change', async () => {
    await order(serverPath(row, 'weight'), { method: 'PUT', body: field.value }, serverSentence);
    field.blur();
  });
  return field;
}

export function renewWeight(field, row) {
  const now = String(row.runtime_weight ?? row.configured_weight);
  if (document.activeElement !== field && field.value !== now) field.value = now;
}

export function purgeForm(row) {
  const by = element('select', {}, ...['key', 'prefix', 'group'].map((name) => element('option', { text: name })));
  const what = element('input', { title: 'a URL, the beginning of one, or a name of Cache-Groups' });
  Object.assign(what, { required: true, placeholder: 'URL', spellcheck: false, ariaLabel: 'what is purged' });
  by.ariaLabel = 'purge by';
  by.addEventListener('change', () => { what.placeholder = by.value === 'group' ? 'group' : 'URL'; });
  const form = element('form', { className: 'purge' }, by, what, element('button', { text: 'Purge' }));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    order(`cache/${encodeURIComponent(row.name)}?${by.value}=${encodeURIComponent(what.value)}`, { method: 'DELETE' },
      async (answer) => `cache ${row.name}: ${(await answer.json()).purged} purged`);
  });
  return form;
}

export function reloadButton() {
  return button('Reload', () => order('reload', { method: 'POST' }, async (answer) => (await answer.text()).trim()),
    'read the configuration again; a wrong one changes nothing');
}
