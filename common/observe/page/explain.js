// The box that says what would become of a request: `gateway explain`, of the configuration in force.
import { ask } from './ask.js';
import { element } from './table.js';

function field(name, label, made, attributes = {}) {
  Object.assign(made, { name, spellcheck: false, autocomplete: 'off', ...attributes });
  return element('label', { className: name }, element('span', { text: label, className: 'quiet' }), made);
}

function query(form) {
  const asked = new URLSearchParams({ as: 'text', method: form.method_.value || 'GET', url: form.url.value });
  for (const line of form.headers.value.split('\n')) {
    if (line.trim()) asked.append('header', line.trim());
  }
  if (form.from.value.trim()) asked.set('from', form.from.value.trim());
  if (form.claims.value.trim()) asked.set('claims', form.claims.value.trim());
  return asked.toString().replaceAll('+', '%20');
}

export function explainBox() {
  const out = element('pre', { className: 'explained' });
  out.hidden = true;
  const more = element('details', {}, element('summary', { text: 'Header fields, and who calls' }),
    element('div', { className: 'more' },
      field('headers', 'Header fields, one a line', element('textarea'), { rows: 3, placeholder: 'X-Version: 2' }),
      field('claims', 'Claims of the caller, as JSON', element('textarea'), { rows: 3, placeholder: '{"sub": "ann"}' }),
      field('from', 'From address', element('input'), { placeholder: '192.0.2.7' })));
  const form = element('form', { className: 'explain' },
    field('method_', 'Method', element('input'), { value: 'GET', size: 7 }),
    field('url', 'URL or path', element('input'), { required: true, placeholder: 'https://api.example.com/users/7' }),
    element('button', { text: 'Explain' }), more);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      out.textContent = (await (await ask(`explain?${query(form)}`)).text()).trimEnd();
      out.classList.remove('wrong');
    } catch (error) {
      out.textContent = error.message;
      out.classList.add('wrong');
    }
    out.hidden = false;
  });
  const card = element('section', { className: 'card wide' }, element('h2', { text: 'Which route would a request take?' }), form, out);
  card.id = 'explain';
  return card;
}
