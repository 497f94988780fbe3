/** One of a few: large buttons of a radio group, reachable by keyboard and thumb alike. */
import { useId } from 'react';

export interface ChoiceOption<T extends string> {
  value: T;
  label: string;
  detail?: string;
  tone?: 'critical' | 'warning';
}

export function Choice<T extends string>({ label, description, value, options, onChange, error, required = false, disabled = false, hideLabel = false }: {
  label: string;
  description?: string;
  value: T | '' | undefined;
  options: readonly ChoiceOption<T>[];
  onChange: (value: T) => void;
  error?: string | undefined;
  required?: boolean;
  disabled?: boolean;
  hideLabel?: boolean;
}) {
  const id = useId();
  return (
    <fieldset className="c-choice" aria-describedby={error ? `${id}-error` : undefined} disabled={disabled}>
      <legend className={hideLabel ? 'q-visually-hidden' : 'c-legend'}>
        {label}
        {required && <span className="q-critical" aria-hidden> *</span>}
      </legend>
      {description && <p className="q-small q-dim">{description}</p>}
      <div className="c-options">
        {options.map((option) => (
          <label key={option.value} className={`c-option ${option.tone ? `c-${option.tone}` : ''}`} data-checked={value === option.value}>
            <input type="radio" name={id} value={option.value} checked={value === option.value} required={required} aria-invalid={error ? true : undefined} onChange={() => onChange(option.value)} />
            <span>
              {option.label}
              {option.detail && <span className="c-detail">{option.detail}</span>}
            </span>
          </label>
        ))}
      </div>
      {error && (
        <p className="q-small q-critical" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
    </fieldset>
  );
}
