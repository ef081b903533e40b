// A line over the last ten minutes, drawn as SVG. The number beside the title is the latest, or the one under the pointer.

import { element, setText, svg } from './dom.js';

const HEIGHT = 132;
const LEFT = 52;
const TOP = 8;
const BOTTOM = 20;

export class Chart {
  #points = [];
  #at = null;

  /** series: [{ field, name }], the main one first; format writes a value with its unit; least is the least that the axis reaches. */
  constructor(figure, { title, hint, series, format, least = 0 }) {
    Object.assign(this, { title, series, format, least });
    this.value = element('b', '');
    const label = element('span', hint ? 'info' : '', title);
    if (hint) {
      label.title = hint;
      label.tabIndex = 0;
      label.setAttribute('aria-label', `${title}: ${hint}`);
      label.setAttribute('role', 'note');
    }
    const keys = series.length < 2 ? [] : series.map((one, i) => element('span', i ? 'key second' : 'key', one.name));
    this.svg = svg('svg', { role: 'img', height: HEIGHT });
    figure.append(element('figcaption', '', label, ...keys, this.value), this.svg);
    this.svg.addEventListener('pointermove', (event) => this.#point(event.offsetX));
    this.svg.addEventListener('pointerleave', () => this.#point(null));
    new ResizeObserver(() => this.#draw()).observe(this.svg);
  }

  show(points) {
    this.#points = points;
    this.#draw();
  }

  #point(x) {
    const width = this.svg.clientWidth - LEFT;
    const last = this.#points.length - 1;
    this.#at = x === null || last < 1 ? null : Math.min(last, Math.max(0, Math.round(((x - LEFT) / width) * last)));
    this.#draw();
  }

  #draw() {
    const points = this.#points;
    const width = this.svg.clientWidth;
    if (!width) return;
    const values = points.flatMap((point) => this.series.map(({ field }) => point[field])).filter((v) => v !== null && v !== undefined);
    this.svg.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    this.#say(values);
    if (values.length === 0) {
      this.svg.replaceChildren(svg('text', { class: 'none', x: width / 2, y: HEIGHT / 2, 'text-anchor': 'middle' }, 'Nothing yet'));
      return;
    }
    const top = niceCeiling(Math.max(this.least, ...values));
    const x = (i) => LEFT + (i / Math.max(1, points.length - 1)) * (width - LEFT - 2);
    const y = (v) => TOP + (1 - v / top) * (HEIGHT - TOP - BOTTOM);
    this.svg.replaceChildren(...this.#axes(width, top, x, y), ...this.series.toReversed().flatMap((one) => this.#lines(one, x, y)),
      ...this.#cursor(x));
  }

  #axes(width, top, x, y) {
    const lines = [0, top / 2, top].flatMap((v) => [
      svg('line', { class: 'grid', x1: LEFT, x2: width, y1: y(v), y2: y(v) }),
      svg('text', { x: LEFT - 6, y: y(v) + 4, 'text-anchor': 'end' }, v === 0 ? '0' : this.format(v, true)),
    ]);
    const last = this.#points.length - 1;
    const times = [[0, '10 min ago', 'start'], [last / 2, '5 min', 'middle'], [last, 'now', 'end']];
    return [...lines, ...times.map(([i, text, anchor]) => svg('text', { x: x(i), y: HEIGHT - 4, 'text-anchor': anchor }, text))];
  }

  #lines({ field }, x, y) {
    const second = field !== this.series[0].field;
    return runs(this.#points, field).flatMap((run) => {
      const path = run.map(([i, v], n) => `${n ? 'L' : 'M'}${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join('');
      const line = svg('path', { class: second ? 'line second' : 'line', d: run.length > 1 ? path : `${path}h.01` });
      if (second) return [line];
      const area = `${path}L${x(run.at(-1)[0]).toFixed(1)} ${y(0)}L${x(run[0][0]).toFixed(1)} ${y(0)}Z`;
      return [svg('path', { class: 'area', d: area }), line];
    });
  }

  #cursor(x) {
    return this.#at === null ? [] : [svg('line', { class: 'cursor', x1: x(this.#at), x2: x(this.#at), y1: TOP, y2: HEIGHT - BOTTOM })];
  }

  #say(values) {
    const point = this.#points[this.#at ?? this.#points.length - 1] ?? {};
    setText(this.value, this.series.map(({ field }) => this.format(point[field] ?? null)).join(' · '));
    const extent = values.length ? `, between ${this.format(Math.min(...values))} and ${this.format(Math.max(...values))} in the last ten minutes` : '';
    this.svg.setAttribute('aria-label', `${this.title}: ${this.value.textContent}${extent}`);
  }
}

/** The stretches of a field without a gap, as [index, value]. */
function runs(points, field) {
  const out = [];
  points.forEach((point, i) => {
    const v = point[field];
    if (v === null || v === undefined) return;
    if (out.at(-1)?.at(-1)[0] === i - 1) out.at(-1).push([i, v]);
    else out.push([[i, v]]);
  });
  return out;
}

/** The next of 1, 2, 4, 6, 8, 10, 20, … from a value on, so that its half is a round number as well. */
export function niceCeiling(value) {
  if (value <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].map((n) => n * unit).find((n) => n >= value);
}
