// PHP's ways with text, as Moodle and its plugin use them: form fields in, JSON, XML and query strings out.

export type PhpValue = string | PhpArray;
export interface PhpArray {
  [key: string]: PhpValue;
}

function put(target: PhpArray, path: readonly string[], value: string): void {
  let at = target;
  path.forEach((step, index) => {
    const key = step === '' ? String(Object.keys(at).length) : step;
    if (index === path.length - 1) {
      at[key] = value;
      return;
    }
    const next = at[key];
    if (typeof next === 'object') {
      at = next;
    } else {
      const made: PhpArray = Object.create(null);
      at[key] = made;
      at = made;
    }
  });
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
};

/**
 * Form or query text as PHP reads it: `options[ids][0]=2` becomes nested arrays, a repeated plain name keeps the last value,
 * and fields beyond `maxInputVars` are dropped without an error (moodle.md 2.1).
 */
export function phpFields(text: string, maxInputVars: number): PhpArray {
  const fields: PhpArray = Object.create(null);
  for (const pair of text.split('&').filter(Boolean).slice(0, maxInputVars)) {
    const cut = pair.indexOf('=');
    const name = decode(cut < 0 ? pair : pair.slice(0, cut));
    const value = cut < 0 ? '' : decode(pair.slice(cut + 1));
    const bracket = name.indexOf('[');
    const base = (bracket > 0 ? name.slice(0, bracket) : name).replaceAll(/[. ]/g, '_');
    const steps = bracket > 0 ? [...name.slice(bracket).matchAll(/\[([^\]]*)\]/g)].map((match) => match[1] ?? '') : [];
    put(fields, [base, ...steps], value);
  }
  return fields;
}

/** json_encode with PHP's defaults: slashes escaped, everything outside ASCII as \uXXXX. */
export function phpJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('/', '\\/')
    .replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** urlencode(): a space becomes a plus. */
export function phpUrlEncode(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replaceAll(/[!'()*~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** http_build_query; Moodle sets arg_separator.output to `&amp;`, so that is what callers without an own separator get (moodle.md 1.8). */
export function phpQuery(parameters: Readonly<Record<string, string>>, separator: '&' | '&amp;'): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${phpUrlEncode(name)}=${phpUrlEncode(value)}`)
    .join(separator);
}

/** strip_tags, enough for PARAM_TEXT and format_string. */
export const stripTags = (text: string): string => text.replaceAll(/<\/?[a-z!][^>]*>?/gi, '');

/** format_string(): tags gone, bare ampersands as entities, quotes left alone (moodle.md 2.1). */
export function formatString(text: string): string {
  return stripTags(text).replaceAll(/&(?!#?\w+;)/g, '&amp;');
}

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** The REST server's default format, when a caller forgets moodlewsrestformat=json. */
export function moodleXml(value: unknown): string {
  if (value === null || value === undefined) return '<VALUE null="null"/>\n';
  if (Array.isArray(value)) return `<MULTIPLE>\n${value.map(moodleXml).join('')}</MULTIPLE>\n`;
  if (typeof value === 'object') {
    const keys = Object.entries(value).map(([name, item]) => `<KEY name="${name}">${moodleXml(item)}</KEY>\n`);
    return `<SINGLE>\n${keys.join('')}</SINGLE>\n`;
  }
  const text = typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
  return `<VALUE>${escapeXml(text)}</VALUE>\n`;
}

export const escapeHtml = escapeXml;
