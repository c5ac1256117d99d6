// A table that is kept up to date in place: rows are known by a key, so that what a person has selected, focused or
// typed stays where it is. Everything is written as text.

export function element(name, { text, className, title } = {}, ...children) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  if (title) made.title = title;
  made.append(...children);
  return made;
}

export function setText(node, text) {
  const now = String(text);
  if (node.textContent !== now) node.textContent = now;
}

function setAttribute(node, name, value) {
  if (value === undefined || value === null || value === '') {
    node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, value);
  }
}

// What a column gives for a row is a text, or { text, state, tone, title, share }: `state` marks it with a dot of its
// colour, `tone` colours it alone, `share` (0 to 1) draws a bar behind it. A column with `build(row)` makes its content once, with `renew(content, row)` afterwards.
function show(cell, given) {
  const { text, state, tone, title, share } = typeof given === 'object' && given !== null ? given : { text: given };
  setText(cell, text ?? '');
  setAttribute(cell, 'data-state', state);
  setAttribute(cell, 'data-tone', tone);
  setAttribute(cell, 'title', title);
  if (share !== undefined) {
    cell.classList.add('share');
    cell.style.setProperty('--share', `${Math.round((share ?? 0) * 100)}%`);
  }
}

export class Table {
  // `columns`: [{ title, show(row) | build(row) & renew(content, row), number, long, minor, last, span }]: `long` ones may
  // be broken anywhere. Where there is little room a row is a card: `minor` ones are left out, `last` ones stand below the
  // others, and each takes `span` sixths of its width. `key(row)`: what tells it apart.
  constructor({ title, columns, key, empty }) {
    this.columns = columns;
    this.lead = columns.find((column) => !column.minor);
    this.key = key;
    this.rows = new Map();
    const heads = columns.map((column) => {
      const head = element('th', { text: column.title });
      head.scope = 'col';
      this.#dress(head, column);
      return head;
    });
    this.body = element('tbody');
    this.empty = element('p', { text: empty ?? 'none', className: 'quiet empty' });
    this.note = element('p', { className: 'quiet note' });
    this.heading = element('h2', {}, element('span', { text: title }));
    this.frame = element('div', { className: 'scroll' }, element('table', {},
      element('thead', {}, element('tr', {}, ...heads)), this.body));
    this.card = element('section', { className: 'card' }, this.heading, this.frame, this.empty, this.note);
  }

  #dress(cell, column) {
    if (column.number) cell.classList.add('number');
    if (column.minor) cell.classList.add('minor');
    if (column.last) cell.classList.add('last');
    if (column.long) cell.classList.add('long');
    if (column === this.lead) cell.classList.add('lead');
    cell.style.setProperty('--span', column.span ?? (column.last ? 6 : 2));
    if (cell.tagName === 'TD' && column.title) cell.dataset.title = column.title;
  }

  #make(row) {
    const line = element('tr');
    if (row.heading) {
      const cell = element('th', { className: 'group' });
      cell.colSpan = this.columns.length;
      cell.scope = 'rowgroup';
      cell.append(element('span'), element('small', { className: 'quiet' }));
      line.append(cell);
      return { line, cells: null };
    }
    const cells = this.columns.map((column) => {
      const cell = element('td');
      this.#dress(cell, column);
      if (column.build) cell.append(column.build(row));
      return cell;
    });
    line.append(...cells);
    return { line, cells };
  }

  #renew({ line, cells }, row) {
    setAttribute(line, 'data-state', row.state);
    if (!cells) {
      const [name, more] = line.firstChild.children;
      setText(name, row.heading);
      setText(more, row.more ?? '');
      return;
    }
    this.columns.forEach((column, i) => {
      if (column.build) column.renew?.(cells[i].firstChild, row);
      else show(cells[i], column.show(row));
    });
  }

  update(rows) {
    const gone = new Set(this.rows.keys());
    let last = null;
    for (const row of rows) {
      const key = this.key(row);
      if (!this.rows.has(key)) this.rows.set(key, this.#make(row));
      gone.delete(key);
      const known = this.rows.get(key);
      this.#renew(known, row);
      const place = last ? last.nextSibling : this.body.firstChild;
      if (place !== known.line) this.body.insertBefore(known.line, place);
      last = known.line;
    }
    for (const key of gone) {
      this.rows.get(key).line.remove();
      this.rows.delete(key);
    }
    this.frame.hidden = rows.length === 0;
    this.empty.hidden = rows.length > 0;
  }
}
