// Counts and prints the steps of a scenario: a failure says what was expected and what came.

export interface Report {
  /** Runs one step; a throw is a failure and the scenario goes on. Gives the step's value, or null when it failed. */
  readonly step: <T>(title: string, work: () => Promise<T>) => Promise<T | null>;
  readonly counts: () => { readonly passed: number; readonly failed: number };
}

export function createReport(): Report {
  let passed = 0;
  let failed = 0;
  return {
    async step(title, work) {
      const startedAt = performance.now();
      const seconds = (): string => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
      try {
        const value = await work();
        passed += 1;
        console.log(`  ok      ${title} (${seconds()})`);
        return value;
      } catch (error) {
        failed += 1;
        console.log(
          `  FAILED  ${title} (${seconds()})\n          ${(error instanceof Error ? error.message : String(error)).replaceAll('\n', '\n          ')}`,
        );
        return null;
      }
    },
    counts: () => ({ passed, failed }),
  };
}

export function expectEqual(what: string, expected: unknown, came: unknown): void {
  const [wanted, got] = [JSON.stringify(expected), JSON.stringify(came)];
  if (wanted !== got) throw new Error(`${what}: expected ${wanted}, came ${got}`);
}

/** @param excerpt how the text is shown when it does not fit. */
export function expectText(what: string, text: string, expected: string | RegExp, excerpt = visibleText): void {
  const fits = typeof expected === 'string' ? text.includes(expected) : expected.test(text);
  if (!fits)
    throw new Error(
      `${what}: expected ${expected instanceof RegExp ? expected : JSON.stringify(expected)}, came ${JSON.stringify(excerpt(text))}`,
    );
}

/** What a reader of a page would see of it, shortened. */
export function visibleText(html: string): string {
  const body = html.replace(/^[\s\S]*<body[^>]*>/i, '').replace(/<(script|style)\b[\s\S]*?<\/\1>/gi, ' ');
  return body
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 700);
}
