// Says in one line what a profile gives: GPU, cores, memory, image, and when it stops.
import type { IdlePolicy, Pool, Profile } from '../../src/domain/profiles/profile.ts';
import { durationText } from '../../src/domain/time-text.ts';

/** Parts joined by " · ", numbers first. */
export function describeProfile(profile: Profile, pool: Pool | null): string {
  const cores = profile.cpu.limit ?? profile.cpu.guarantee;
  const memory = profile.memory.limit ?? profile.memory.guarantee;
  const stops = describeStops(profile.idle, profile.gpu !== null);
  return [
    ...(profile.gpu && pool ? [profile.gpu.count === 1 ? pool.title : `${profile.gpu.count} × ${pool.title}`] : []),
    ...(cores === null ? [] : [`${cores} ${cores === 1 ? 'core' : 'cores'}`]),
    ...(memory === null ? [] : [memory.replace(/([KMGT])$/, ' $1B')]),
    ...(profile.description === '' ? [] : [profile.description]),
    ...(stops === '' ? [] : [stops]),
  ].join(' · ');
}

function describeStops(idle: IdlePolicy, hasGpu: boolean): string {
  const parts = [
    ...(hasGpu && idle.gpuIdleAfterSeconds !== null
      ? [`after ${durationText(idle.gpuIdleAfterSeconds)} with an idle GPU`]
      : []),
    ...(idle.idleAfterSeconds !== null ? [`after ${durationText(idle.idleAfterSeconds)} without activity`] : []),
  ];
  const limit = idle.sessionLimitSeconds === null ? '' : `${durationText(idle.sessionLimitSeconds)} at most`;
  if (parts.length === 0) return limit;
  return `stops ${parts.join(' or ')}${limit === '' ? '' : `, ${limit}`}`;
}
