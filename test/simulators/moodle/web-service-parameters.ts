// Parameters as Moodle checks them: text from form fields, an unknown key anywhere fails the whole call (moodle.md 2.1).
import type { PhpValue } from './php-values.ts';
import { invalidParameter } from './web-service-errors.ts';

export type ParameterSpec =
  | { readonly kind: 'int' | 'text' | 'flag'; readonly default?: number | string }
  | { readonly kind: 'list'; readonly item: ParameterSpec; readonly optional: boolean }
  | {
      readonly kind: 'record';
      readonly fields: Readonly<Record<string, ParameterSpec>>;
      readonly optional: boolean;
    };

export const int = (fallback?: number): ParameterSpec =>
  fallback === undefined ? { kind: 'int' } : { kind: 'int', default: fallback };
export const text = (fallback?: string): ParameterSpec =>
  fallback === undefined ? { kind: 'text' } : { kind: 'text', default: fallback };
export const flag = (fallback: number): ParameterSpec => ({ kind: 'flag', default: fallback });
export const list = (item: ParameterSpec, optional = false): ParameterSpec => ({ kind: 'list', item, optional });
export const record = (fields: Readonly<Record<string, ParameterSpec>>, optional = false): ParameterSpec => ({
  kind: 'record',
  fields,
  optional,
});

function scalar(spec: Extract<ParameterSpec, { default?: unknown }>, value: PhpValue | undefined): number | string {
  if (value === undefined) {
    if (spec.default === undefined) throw invalidParameter();
    return spec.default;
  }
  if (typeof value !== 'string') throw invalidParameter();
  if (spec.kind === 'text') return value;
  if (spec.kind === 'flag' && !/^[01]?$/.test(value)) throw invalidParameter();
  if (!/^-?\d*$/.test(value)) throw invalidParameter();
  return Number(value);
}

/** Typed values of one function call; throws Moodle's invalidparameter. Lists keep their order and lose their keys. */
export function readParameter(spec: ParameterSpec, value: PhpValue | undefined): unknown {
  if (spec.kind !== 'list' && spec.kind !== 'record') return scalar(spec, value);
  if (value === undefined) {
    if (!spec.optional) throw invalidParameter();
    return spec.kind === 'list' ? [] : {};
  }
  if (typeof value === 'string') throw invalidParameter();
  if (spec.kind === 'list') return Object.values(value).map((item) => readParameter(spec.item, item));
  for (const key of Object.keys(value)) if (!(key in spec.fields)) throw invalidParameter();
  return Object.fromEntries(
    Object.entries(spec.fields)
      .filter(([name, field]) => value[name] !== undefined || !('optional' in field && field.optional))
      .map(([name, field]) => [name, readParameter(field, value[name])]),
  );
}
