import { column, type Table } from './csv.ts';

type Scale = 'linear' | 'log';

export type Plot = {
  readonly title: string;
  readonly x: { readonly column: string; readonly label: string; readonly scale: Scale };
  readonly y: { readonly label: string; readonly scale: Scale };
  readonly lines: readonly { readonly column: string; readonly label: string }[];
};

const WIDTH = 640;
const HEIGHT = 400;
const FRAME = { left: 76, right: 600, top: 76, bottom: 344 } as const;

/** Colours for light and for dark pages, which red-green colour-blind readers can distinguish (Okabe and Ito 2008). */
const STYLE = `
    .page { fill: #ffffff } text { fill: #24292f; font: 13px system-ui, sans-serif } .title { font-size: 16px; font-weight: 600 }
    .grid { stroke: #d0d7de } .line { fill: none; stroke-width: 2 } .mark { stroke: none }
    .s0 { stroke: #0072b2; fill: #0072b2 } .s1 { stroke: #d55e00; fill: #d55e00 } .s2 { stroke: #009e73; fill: #009e73 }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117 } text { fill: #e6edf3 } .grid { stroke: #30363d }
      .s0 { stroke: #56b4e9; fill: #56b4e9 } .s1 { stroke: #e69f00; fill: #e69f00 } .s2 { stroke: #4cd3a5; fill: #4cd3a5 }
    }
    .line.s0, .line.s1, .line.s2 { fill: none }`;

/** Draws a table's columns as SVG, for light and for dark pages. The text is text, so that screen readers can read it. */
export function svgOf(table: Table, plot: Plot): string {
  const x = axis(column(table, plot.x.column), plot.x.scale, FRAME.left, FRAME.right);
  const y = axis(
    plot.lines.flatMap((line) => column(table, line.column)),
    plot.y.scale,
    FRAME.bottom,
    FRAME.top,
  );
  const xs = column(table, plot.x.column).map(x.at);
  const drawn = plot.lines.map((line, i) => lineOf(xs, column(table, line.column).map(y.at), i));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${plot.title}">
  <title>${plot.title}</title>
  <style>${STYLE}
  </style>
  <rect class="page" width="${WIDTH}" height="${HEIGHT}"/>
  <text class="title" x="${FRAME.left}" y="26">${plot.title}</text>
${[...y.ticks.map(horizontal), ...x.ticks.map(vertical), ...labelsOf(plot), ...plot.lines.map(legend), ...drawn].join('\n')}
</svg>
`;
}

type Axis = {
  readonly at: (value: number) => number;
  readonly ticks: readonly { readonly value: number; readonly at: number }[];
};

function axis(values: readonly number[], scale: Scale, from: number, to: number): Axis {
  const ticks = scale === 'log' ? decades(values) : steps(values);
  const on = (value: number) => (scale === 'log' ? Math.log10(value) : value);
  const [first = 0, last = 1] = [ticks[0], ticks.at(-1)];
  const at = (value: number) => from + ((on(value) - on(first)) / (on(last) - on(first))) * (to - from);
  return { at, ticks: ticks.map((value) => ({ value, at: at(value) })) };
}

/** Powers of ten around the values, at least two. */
function decades(values: readonly number[]): number[] {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  return Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
}

/** From 0 to the greatest value, in steps of 1, 2 or 5 times a power of ten. */
function steps(values: readonly number[]): number[] {
  const most = Math.max(...values, Number.MIN_VALUE);
  const rough = most / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, i) => i * step);
}

const tickText = (value: number): string =>
  Number(value.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 6 });

type Tick = { readonly value: number; readonly at: number };

const horizontal = ({ value, at }: Tick): string =>
  `  <path class="grid" d="M${FRAME.left} ${px(at)}H${FRAME.right}"/><text x="${FRAME.left - 8}" y="${px(at + 4)}" text-anchor="end">${tickText(value)}</text>`;

const vertical = ({ value, at }: Tick): string =>
  `  <path class="grid" d="M${px(at)} ${FRAME.top}V${FRAME.bottom}"/><text x="${px(at)}" y="${FRAME.bottom + 18}" text-anchor="middle">${tickText(value)}</text>`;

const labelsOf = ({ x, y }: Plot): string[] => {
  const middle = (FRAME.top + FRAME.bottom) / 2;
  return [
    `  <text x="${(FRAME.left + FRAME.right) / 2}" y="${HEIGHT - 14}" text-anchor="middle">${x.label}</text>`,
    `  <text transform="translate(18 ${middle}) rotate(-90)" text-anchor="middle">${y.label}</text>`,
  ];
};

/** The width of one entry of the legend (px). */
const ENTRY = 190;

const legend = ({ label }: Plot['lines'][number], i: number): string =>
  `  <circle class="mark s${i}" cx="${FRAME.left + 5 + i * ENTRY}" cy="49" r="5"/><text x="${FRAME.left + 16 + i * ENTRY}" y="53">${label}</text>`;

function lineOf(xs: readonly number[], ys: readonly number[], i: number): string {
  const points = xs.map((x, at) => `${px(x)},${px(ys[at] ?? Number.NaN)}`);
  const marks = points.map((point) => {
    const [cx, cy] = point.split(',');
    return `<circle class="mark s${i}" cx="${cx}" cy="${cy}" r="3"/>`;
  });
  return `  <polyline class="line s${i}" points="${points.join(' ')}"/>${marks.join('')}`;
}

const px = (value: number): string => String(Number(value.toFixed(1)));
