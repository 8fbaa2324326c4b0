import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { about, attempt } from './state.ts';

/** The properties of a field whose text is a signal. */
export const bound = (text: Signal<string>) => ({
  value: text,
  onInput: ({ currentTarget }: { readonly currentTarget: { readonly value: string } }) => {
    text.value = currentTarget.value;
  },
});

type FormProps = {
  readonly class?: string;
  readonly label?: string;
  readonly submit: () => Promise<unknown>;
  readonly children: ComponentChildren;
};

/** A form whose work is done here. */
export const Form = ({ class: look, label, submit, children }: FormProps) => (
  <form
    class={look}
    aria-label={label}
    onSubmit={(event) => {
      event.preventDefault();
      void attempt(submit);
    }}
  >
    {children}
  </form>
);

type ChoiceProps<T extends string> = {
  readonly label: string;
  readonly of: Readonly<Record<T, string>>;
  readonly chosen: Signal<T>;
};

/** One of some that exclude each other. */
export const Choice = <T extends string>({ label, of, chosen }: ChoiceProps<T>) => (
  <fieldset class="choice">
    <legend class="unseen">{label}</legend>
    {/* The keys of a record are of its type. */}
    {(Object.keys(of) as T[]).map((name) => (
      <label key={name}>
        <input type="radio" name={label} checked={chosen.value === name} onChange={() => (chosen.value = name)} />
        {of[name]}
      </label>
    ))}
  </fieldset>
);

/** A choice among the apps of the configuration. An empty text is the first of them. */
export const AppChoice = ({ app }: { readonly app: Signal<string> }) => (
  <label>
    App{' '}
    <select {...bound(app)} value={chosenApp(app)}>
      {about.value?.apps.map((id) => (
        <option key={id}>{id}</option>
      ))}
    </select>
  </label>
);

export const chosenApp = (app: Signal<string>): string => app.value || (about.value?.apps[0] ?? '');

type TableProps = {
  readonly heads: readonly string[];
  /** The first cell of a row is its heading. */
  readonly rows: readonly (readonly ComponentChildren[])[];
};

export const Table = ({ heads, rows }: TableProps) => (
  <table>
    <thead>
      <tr>
        {heads.map((head) => (
          <th key={head} scope="col">
            {head}
          </th>
        ))}
      </tr>
    </thead>
    <tbody>
      {rows.map(([first, ...cells], at) => (
        <tr key={at}>
          <th scope="row">{first}</th>
          {cells.map((cell, i) => (
            <td key={heads[i + 1]}>{cell}</td>
          ))}
        </tr>
      ))}
    </tbody>
  </table>
);
