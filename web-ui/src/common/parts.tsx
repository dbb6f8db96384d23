// The small parts that every page is made of: fields, messages, values to copy; logo and window from signs.tsx.
// No part here calls the API.
import type { ComponentChildren, JSX } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { FieldProblem, Problem } from './api';
import { useAction, useModal } from './hooks';
import { t, tn } from './i18n';
import { Notice, Window, type Light } from './signs';

export { type Light, Logo, Notice, type Tone, Window } from './signs';

/** The logo drawn large with a window for each service that can be stopped: lit while it runs. */
export function Skyline({ asleep }: { asleep: number }) {
  const panes: [number, number][] = [[33, 41], [68, 34], [84, 34], [76, 20], [118, 42]];
  const order = [1, 3, 0, 4, 2];
  return (
    <svg class="skyline" viewBox="0 0 160 72" width="320" height="144" aria-hidden="true" focusable="false">
      <path d="M1 70.5h158M14 70.5V44l23-21 17 15.5M54 50V29.5L80.5 3l26.5 26.5V50M107 47l16.5-15L146 52.5v18M54 50v20.5M107 50v20.5"
        fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" />
      {panes.map(([x, y], i) => (
        <rect key={i} class={order.indexOf(i) < panes.length - asleep ? 'pane' : 'dark-pane'} x={x} y={y} width="9" height="11.25" rx="1" />
      ))}
    </svg>
  );
}

/** A window and a sentence. */
export function Phrase({ light, children, live = false }: { light: Light; children: ComponentChildren; live?: boolean }) {
  return (
    <p class="phrase" {...(live ? { role: 'status' } : {})}>
      <Window light={light} /> <span>{children}</span>
    </p>
  );
}

/** What happened, what is kept, what to do, and the reference that stands in the log too. */
export function ProblemNotice({ problem }: { problem: Problem }) {
  return (
    <Notice tone="serious">
      <p>{problem.detail}</p>
      {problem.reference && <p class="soft">{t('error.reference', { reference: problem.reference })}</p>}
    </Notice>
  );
}

interface FieldProps {
  label: string; name: string; value: string; onValue: (value: string) => void;
  example?: string; error?: string | undefined; type?: string; autocomplete?: string; required?: boolean;
  inputmode?: JSX.HTMLAttributes<HTMLInputElement>['inputMode']; mono?: boolean; spellcheck?: boolean; autofocus?: boolean;
}
/** Label above, example below, error under the field. */
export function Field(props: FieldProps) {
  const id = `field-${props.name}`;
  const hints = [props.example ? `${id}-example` : '', props.error ? `${id}-error` : ''].filter(Boolean).join(' ');
  return (
    <div class={`field${props.error ? ' wrong' : ''}`}>
      <label for={id}>{props.label}</label>
      <input id={id} name={props.name} type={props.type ?? 'text'} value={props.value} class={props.mono ? 'mono' : ''}
        onInput={(event) => props.onValue(event.currentTarget.value)} required={props.required ?? false}
        autocomplete={props.autocomplete ?? 'off'} autocapitalize="off" spellcheck={props.spellcheck ?? false}
        {...(props.autofocus ? { autofocus: true } : {})}
        {...(props.inputmode ? { inputMode: props.inputmode } : {})}
        {...(hints ? { 'aria-describedby': hints } : {})} aria-invalid={props.error ? 'true' : 'false'} />
      {props.example && <p class="example" id={`${id}-example`}>{props.example}</p>}
      {props.error && <p class="error" id={`${id}-error`}>{props.error}</p>}
    </div>
  );
}

/** A password that can be shown; pasting is allowed. */
export function PasswordField(props: Omit<FieldProps, 'type'>) {
  const [shown, setShown] = useState(false);
  return (
    <div class="password">
      <Field {...props} type={shown ? 'text' : 'password'} />
      <label class="check small">
        <input type="checkbox" checked={shown} onChange={(event) => setShown(event.currentTarget.checked)} />
        <span>{t('password.show')}</span>
      </label>
    </div>
  );
}

interface ChoiceProps<T extends string> {
  label: string; name: string; value: T; choices: { value: T; label: string; hint?: string }[]; onValue: (value: T) => void;
  disabled?: boolean;
}
export function Choice<T extends string>({ label, name, value, choices, onValue, disabled }: ChoiceProps<T>) {
  return (
    <fieldset class="choice" disabled={disabled ?? false}>
      <legend>{label}</legend>
      {choices.map((choice) => (
        <label class="check" key={choice.value}>
          <input type="radio" name={name} value={choice.value} checked={choice.value === value}
            onChange={() => onValue(choice.value)} />
          <span>{choice.label}{choice.hint && <small class="soft"> {choice.hint}</small>}</span>
        </label>
      ))}
    </fieldset>
  );
}

export function Check({ label, checked, onValue, hint }: { label: string; checked: boolean; onValue: (on: boolean) => void; hint?: string }) {
  const id = useId();
  return (
    <div class="field">
      <label class="check">
        <input type="checkbox" checked={checked} onChange={(event) => onValue(event.currentTarget.checked)}
          {...(hint ? { 'aria-describedby': id } : {})} />
        <span>{label}</span>
      </label>
      {hint && <p class="example" id={id}>{hint}</p>}
    </div>
  );
}

/** Above a form: what to mend, each line leads to its field. Takes the focus when it appears. */
export function ErrorSummary({ problem, labels }: { problem: Problem | null; labels?: Record<string, string> }) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (problem) box.current?.focus();
  }, [problem]);
  if (!problem) return null;
  return (
    <div class="notice serious" role="alert" tabIndex={-1} ref={box}>
      <p>{problem.detail}</p>
      {problem.fields.length > 0 && (
        <ul>
          {problem.fields.map((field) => (
            <li key={field.field}>
              <a href={`#field-${field.field}`} onClick={(event) => {
                event.preventDefault();
                document.getElementById(`field-${field.field}`)?.focus();
              }}>{labels?.[field.field] ?? field.field}</a>{t('error.colon')}{field.message}
            </li>
          ))}
        </ul>
      )}
      {problem.reference && <p class="soft">{t('error.reference', { reference: problem.reference })}</p>}
    </div>
  );
}

export function errorOf(problem: Problem | null, field: string): string | undefined {
  return problem?.fields.find((f: FieldProblem) => f.field === field)?.message;
}

interface ButtonProps {
  children: ComponentChildren; onClick?: () => void; kind?: 'main' | 'outlined' | 'danger' | 'link'; type?: 'button' | 'submit';
  busy?: boolean; disabled?: boolean; label?: string;
}
/** A pressed button that works says so and cannot be pressed twice. */
export function Button({ children, onClick, kind = 'outlined', type = 'button', busy = false, disabled = false, label }: ButtonProps) {
  return (
    <button type={type} class={`button ${kind}`} aria-disabled={busy || disabled ? 'true' : 'false'}
      {...(label ? { 'aria-label': label } : {})}
      onClick={(event) => {
        if (busy || disabled) event.preventDefault();
        else onClick?.();
      }}>
      {busy ? t('working') : children}
    </button>
  );
}

export async function copyText(text: string, field: HTMLElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // No clipboard (an old browser, plain HTTP): the value is selected, so that Ctrl+C takes it.
    if (field) {
      const range = document.createRange();
      range.selectNodeContents(field);
      const selection = getSelection();
      selection?.removeAllRanges();
      selection?.addRange(range);
    }
    return false;
  }
}

/** Name, value, Copy. */
export function CopyValue({ name, value }: { name: string; value: string }) {
  const code = useRef<HTMLElement>(null);
  const [said, setSaid] = useState('');
  return (
    <div class="copy-value">
      <span class="copy-name">{name}</span>
      <code ref={code}>{value}</code>
      <button type="button" class="button outlined" aria-label={t('copy.what', { name })}
        onClick={() => void copyText(value, code.current).then((done) => setSaid(t(done ? 'copy.done' : 'copy.by_hand')))}>
        {t('copy')}
      </button>
      <span class="copy-said" role="status">{said}</span>
    </div>
  );
}

/** Below a list that is not shown whole: how many more there are, and the way to them. */
export function More({ left, onMore }: { left: number; onMore: () => void }) {
  return left > 0 ? <p><Button onClick={onMore}>{tn('more', left)}</Button></p> : null;
}

export function Loading() {
  return <p class="soft" role="status">{t('loading')}</p>;
}

interface EraseProps { title: string; text: string; name: string; onErase: () => Promise<void>; onClose: () => void }
/** Only for what nothing brings back: the name must be typed. */
export function EraseDialog({ title, text, name, onErase, onClose }: EraseProps) {
  const dialog = useModal();
  const [typed, setTyped] = useState('');
  const [differs, setDiffers] = useState('');
  // One at a time: Enter pressed twice erases once.
  const { busy, problem, run } = useAction();
  const erase = async () => {
    if (typed.trim() !== name) return setDiffers(t('erase.differs'));
    setDiffers('');
    if (await run(onErase)) onClose();
  };
  return (
    <dialog ref={dialog} aria-labelledby="erase-title" onClose={onClose}>
      <h3 id="erase-title">{title}</h3>
      <p>{text}</p>
      <form class="form" noValidate onSubmit={(event) => { event.preventDefault(); void erase(); }}>
        <Field name="erase" label={t('erase.type', { name })} value={typed} onValue={setTyped} error={differs || problem?.detail} mono />
        <p class="verbs"><Button onClick={() => dialog.current?.close()}>{t('cancel')}</Button><Button type="submit" kind="danger" busy={busy}>{t('erase')}</Button></p>
      </form>
    </dialog>
  );
}
