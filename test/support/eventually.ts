// Waiting for a condition instead of for a time.

/** Polls until `probe` gives something truthy; throws what it last gave or threw after the deadline. */
export async function eventually<T>(
  probe: () => Promise<T> | T,
  what: string,
  deadlineMilliseconds = 15_000,
): Promise<NonNullable<T>> {
  const endsAt = performance.now() + deadlineMilliseconds;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > endsAt)
      throw new Error(
        `waited ${deadlineMilliseconds} ms for ${what}; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
